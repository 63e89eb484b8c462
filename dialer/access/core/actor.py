"""Who asks: every request is somebody's, and every log names them. Pure."""

from dataclasses import dataclass

from dialer.access.core.roles import Permission, Role, may


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who has shown who they are; `client_id` is None for who is bound to no client."""

    name: str
    """As logs call them: "user anna", "API key nightly load"."""
    role: Role
    client_id: int | None = None
    client: str | None = None
    """The client's slug."""
    agent_id: int | None = None
    """The agent that this person is, for the role agent."""
    user_id: int | None = None
    sign_in_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """Whether they may do that, to what their client has."""
        return may(self.role, permission)

    def may_act_for(self, agent_id: int) -> bool:
        """Whether an agent's session and calls are theirs to act on, within their client."""
        return self.may(Permission.AGENTS_SUPERVISE) or (
            self.may(Permission.DESK_WORK) and self.agent_id == agent_id
        )
