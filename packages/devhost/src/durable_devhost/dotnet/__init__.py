"""What .NET and its JSON library make of a text: the host on Azure is written in it, and apps see the difference."""
