"""How the trunks are, over HTTP."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from campaigns import service
from leads.routes.access import needs
from leads.routes.shared import SessionsOf

router = APIRouter(tags=["trunks"])


class TrunkOut(BaseModel):
    """A node's trunk as it was when the node looked last."""

    model_config = ConfigDict(from_attributes=True)

    node: str
    trunk: str
    at: datetime
    state: dict[str, Any]


@router.get("/trunks", dependencies=[needs("trunks.read")])
async def list_trunks(sessions: SessionsOf) -> list[TrunkOut]:
    """Every trunk of every node: calls and lines, health with its reason, ratios of the latest calls."""
    return [TrunkOut.model_validate(each) for each in await service.trunks(sessions)]
