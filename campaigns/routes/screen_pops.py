"""What agents' screens open with a call, over HTTP. Errors pass through to the API."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from campaigns import screen_pops
from campaigns.core.screen_pop_url import LONGEST
from leads.routes.access import needs
from leads.routes.shared import Id, SessionsOf

router = APIRouter(tags=["campaigns"])


class ScreenPopIn(BaseModel):
    """A template, as in https://crm.example.com/open?lead={external_id}; null leaves it, empty ends it."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, max_length=LONGEST)
    new_secret: bool = False


class ScreenPopOut(BaseModel):
    """The template; `secret` is told where one was made, this once."""

    url: str
    secret: str | None


@router.post("/campaigns/{campaign_id}/screen-pop", dependencies=[needs("campaigns.write")])
async def set_screen_pop(sessions: SessionsOf, campaign_id: Id, wanted: ScreenPopIn) -> ScreenPopOut:
    """Set what agents' screens open with a call, and make the secret that signs it where there is none."""
    made = await screen_pops.set_screen_pop(sessions, campaign_id, wanted.url, new_secret=wanted.new_secret)
    return ScreenPopOut(url=made.url, secret=made.secret)
