"""The known devices, as the owner names, holds and forgets them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import current_user
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.devices.service import MAX_NAME_CHARACTERS, Devices
from quantbox.user_auth.sessions.routes import attempts
from quantbox.user_auth.sessions.service import Sessions
from quantbox.web.acts import note_facts, record_done
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.sockets import close_sockets
from quantbox.web.state import get_service

__all__ = ["routes"]

routes = Routes("user_auth", takes_tokens=False)


class DeviceAnswer(Answer):
    """One known device; sessions on it may do no more than `max_role`."""

    id: str
    name: str
    is_paired: bool
    max_role: Role | None
    first_seen_at: datetime
    last_seen_at: datetime
    last_address: str
    is_current: bool


class DevicesAnswer(Answer):
    """The known devices, seen last first."""

    items: list[DeviceAnswer]


class DeviceBody(Body):
    """What to change of a device."""

    name: str | None = Field(default=None, min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=r"\S")
    max_role: Role | None = None


@routes.add("GET", "/devices", role=Role.VIEWER, answer=DevicesAnswer)
def list_devices() -> dict[str, Any]:
    """Return the known devices; whoever is not the owner sees those they are signed in on."""
    return visible_devices()


@routes.add(
    "PUT", "/devices/<device_id>", role=Role.OWNER, body=DeviceBody, answer=DevicesAnswer, step_up=True, act="device.change"
)
def change_device(device_id: str, body: DeviceBody) -> dict[str, Any]:
    """Give a device another name, or let sessions on it do more or less."""
    changes = body.model_dump(exclude_none=True)
    note_facts(changed=sorted(changes), max_role=changes.get("max_role"))
    device = get_service(Devices).change(device_id, changes)
    note_facts(name=device.name)
    return visible_devices()


@routes.add("DELETE", "/devices/<device_id>", role=Role.OWNER, answer=DevicesAnswer, step_up=True, act="device.revoke")
def revoke_device(device_id: str) -> dict[str, Any]:
    """Forget a device: sessions on it end at once, and it signs in as an unknown one."""
    sessions = [one.id for one in get_service(Sessions).list_sessions() if one.device.id == device_id]
    record_done()  # the device may be the very one this is asked from
    attempts().forget(get_service(Devices).revoke(device_id))
    for session_id in sessions:
        close_sockets(session_id)
    return visible_devices()


def visible_devices() -> dict[str, Any]:
    """Return the devices the present person may see."""
    found = get_service(Devices).list_devices()
    if current_user.role is not Role.OWNER:
        own = {one.device.id for one in get_service(Sessions).list_sessions(current_user.id)}
        found = [device for device in found if device.id in own]
    shown = ("id", "name", "is_paired", "max_role", "first_seen_at", "last_seen_at", "last_address")
    return {
        "items": [
            {name: getattr(device, name) for name in shown} | {"is_current": device.id == current_user.device_id}
            for device in found
        ]
    }
