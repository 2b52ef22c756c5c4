"""Which events of a history the SDK's executor reads: only these go to a session that has begun."""

from __future__ import annotations

READ_BY_SDK = frozenset(
    {
        0,  # ExecutionStarted
        5,  # TaskCompleted
        6,  # TaskFailed
        8,  # SubOrchestrationInstanceCompleted
        9,  # SubOrchestrationInstanceFailed
        11,  # TimerFired
        12,  # OrchestratorStarted
        14,  # EventSent
        15,  # EventRaised
    }
)
"""The numbers of their types (`TaskOrchestrationExecutor.process_event` of azure-functions-durable 1.2 to 1.7)."""
