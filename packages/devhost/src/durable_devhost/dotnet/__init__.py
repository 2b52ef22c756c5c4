"""How .NET and its JSON library read and print text: the host on Azure uses them, and apps see the difference."""
