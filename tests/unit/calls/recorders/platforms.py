"""A day of files in the form of each platform: names and metadata invented, audio of three seconds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.unit.calls.site import recording

AGENT_FIRST, CUSTOMER_FIRST = ["agent", "customer"], ["customer", "agent"]
# Two UUIDs, as platforms name calls.
ONE = "0a1b2c3d-1111-4222-8333-444455556666"
TWO = "9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff"
THREE = "5e5e5e5e-0000-4000-8000-123412341234"


@dataclass(frozen=True)
class Platform:
    """A day as a platform writes it.

    Attributes:
        files: By path below the location.
        timezone: Of the site.
        calls: What is known of each call of 16 November 2026, by path.
        beside: What its files count beside that, as `DayFiles` names it.
    """

    files: Mapping[str, bytes]
    calls: Mapping[str, Mapping[str, Any]]
    timezone: str = "UTC"
    beside: Mapping[str, Any] = field(default_factory=dict)


def mono(seed: int) -> bytes:
    """One channel."""
    return recording(3, seed=seed)


def stereo(seed: int) -> bytes:
    """Two channels."""
    return recording(3, seed=seed, channels=2)


def mulaw(seed: int) -> bytes:
    """Three seconds of samples without a header."""
    return np.random.default_rng(seed).integers(0, 256, 24_000, dtype=np.uint8).tobytes()


def _json(**told: Any) -> bytes:
    return json.dumps(told).encode()


_CONTACT = {
    "ContactId": ONE,
    "InitiationMethod": "INBOUND",
    "InitiationTimestamp": "2026-11-16T14:06:58Z",
    "DisconnectTimestamp": "2026-11-16T14:12:01Z",
    "CustomerEndpoint": {"Address": "+14155550123", "Type": "TELEPHONE_NUMBER"},
    "SystemEndpoint": {"Address": "+18005550199"},
    "Queue": {"Name": "Billing"},
    "Agent": {"Username": "dfox", "CustomerHoldDuration": 42},
}

AMAZON_CONNECT = Platform(
    timezone="America/New_York",
    files={
        f"2026/11/16/{ONE}_20261116T14:07_UTC.wav": stereo(1),
        f"2026/11/16/{ONE}.json": json.dumps(_CONTACT).encode(),
        # 21:30 in New York: the folder is the next day's.
        f"2026/11/17/{TWO}_20261117T02:30_UTC.wav": stereo(2),
        # 22:00 in New York, the day before.
        f"2026/11/16/{THREE}_20261116T03:00_UTC.wav": stereo(3),
        f"2026/11/17/{THREE}_20261117T15:00_UTC.wav": stereo(4),
        f"ivr/2026/11/16/{ONE}_20261116T14:05_UTC.wav": mono(5),
    },
    calls={
        f"2026/11/16/{ONE}_20261116T14:07_UTC.wav": {
            "interaction_id": ONE,
            "agent_id": "dfox",
            "queue": "Billing",
            "direction": "inbound",
            "caller": "+14155550123",
            "called": "+18005550199",
            "started_at": "2026-11-16T14:06:58+00:00",
            "ended_at": "2026-11-16T14:12:01+00:00",
            "hold_s": 42,
            "channel_roles": CUSTOMER_FIRST,
            "roles_source": "recorder",
        },
        f"2026/11/17/{TWO}_20261117T02:30_UTC.wav": {
            "interaction_id": TWO,
            "started_at": "2026-11-17T02:30:00+00:00",
            "channel_roles": CUSTOMER_FIRST,
        },
    },
    beside={"sidecars": 1, "ignored": {".wav": 1}, "other_days": 2, "without_sidecar": 1},
)

_GENESYS_HOUR = "year=2026/month=11/day=16/hour=09/conversation_id="
GENESYS_CLOUD = Platform(
    files={
        f"{_GENESYS_HOUR}{ONE}/{TWO}.opus": recording(3, seed=1, channels=2, container="OGG", subtype="OPUS"),
        f"{_GENESYS_HOUR}{ONE}/{TWO}.opus_metadata.json": _json(
            mediaType="Call",
            mediaSubtype="Trunk",
            conversationId=ONE,
            recordingId=TWO,
            userIds=["7f7f7f7f-1234-4321-8888-000011112222"],
            queues=[{"name": "Support"}],
            initialDirection="outbound",
            ani="+14155550123",
            dnis="+34910000000",
            startTime="2026-11-16T09:01:02.345Z",
            endTime="2026-11-16T09:05:00Z",
            provider="Edge",
        ),
        f"{_GENESYS_HOUR}{THREE}/{ONE}.ogg": recording(3, seed=2, container="OGG", subtype="VORBIS"),
        f"{_GENESYS_HOUR}{THREE}/{THREE}_metadata.json": _json(mediaType="Call"),
    },
    calls={
        f"{_GENESYS_HOUR}{ONE}/{TWO}.opus": {
            "interaction_id": ONE,
            "agent_id": "7f7f7f7f-1234-4321-8888-000011112222",
            "queue": "Support",
            "direction": "outbound",
            "caller": "+14155550123",
            "called": "+34910000000",
            "started_at": "2026-11-16T09:01:02.345000+00:00",
            "channel_roles": [],
            "extra": {"mediaSubtype": "Trunk", "provider": "Edge"},
        },
        f"{_GENESYS_HOUR}{THREE}/{ONE}.ogg": {"interaction_id": THREE, "agent_id": None},
    },
    beside={"sidecars": 1, "sidecars_alone": 1, "without_sidecar": 1},
)

ASTERISK = Platform(
    timezone="Europe/Madrid",
    files={
        "in-8005550199-34600111222-20261116-091205-1794816725.17-in.wav": mono(1),
        "in-8005550199-34600111222-20261116-091205-1794816725.17-out.wav": recording(4, seed=2),
        "in-8005550199-34600111222-20261116-091205-1794816725.17.wav": mono(3),
        "out-34600333444-101-20261116-101500-1794820500.18-in.wav": mono(4),
        "out-34600333444-101-20261116-101500-1794820500.18-out.wav": mono(5),
        "1794818000.44.ulaw": mulaw(6),
        "in-8005550199-34600111222-20261115-235959-1794783599.1.wav": mono(7),
    },
    calls={
        "in-8005550199-34600111222-20261116-091205-1794816725.17-in.wav": {
            "direction": "inbound",
            "called": "8005550199",
            "caller": "34600111222",
            "started_at": "2026-11-16T09:12:05+01:00",
            "interaction_id": "1794816725.17",
            "channels": 2,
            "duration_s": 4,
            "channel_roles": CUSTOMER_FIRST,
            "roles_source": "recorder",
        },
        "out-34600333444-101-20261116-101500-1794820500.18-in.wav": {
            "direction": "outbound",
            "agent_id": "101",
            "channels": 2,
            "channel_roles": AGENT_FIRST,
        },
        "1794818000.44.ulaw": {"interaction_id": "1794818000.44", "duration_s": 3, "channel_roles": []},
    },
    beside={"sides": 2, "ignored": {".wav": 1}, "other_days": 1},
)

FREEPBX = Platform(
    timezone="Europe/Madrid",
    files={
        "2026/11/16/external-201-34600111222-20261116-084011-1794814811.5.wav": mono(1),
        "2026/11/16/q-600-34600999888-20261116-090000-1794816000.9.wav": mono(2),
        "2026/11/16/out-34600333444-203-20261116-113000-1794825000.20-r.wav": mono(3),
        "2026/11/16/out-34600333444-203-20261116-113000-1794825000.20-t.wav": mono(4),
        "2026/11/16/out-34600333444-203-20261116-113000-1794825000.20.wav": mono(5),
        "2026/11/17/q-600-34600999888-20261117-090000-1794902400.1.wav": mono(6),
    },
    calls={
        "2026/11/16/external-201-34600111222-20261116-084011-1794814811.5.wav": {
            "direction": "inbound",
            "agent_id": "201",
            "caller": "34600111222",
            "started_at": "2026-11-16T08:40:11+01:00",
            "interaction_id": "1794814811.5",
        },
        "2026/11/16/q-600-34600999888-20261116-090000-1794816000.9.wav": {
            "direction": "inbound",
            "queue": "600",
            "caller": "34600999888",
            "agent_id": None,
        },
        "2026/11/16/out-34600333444-203-20261116-113000-1794825000.20-r.wav": {
            "direction": "outbound",
            "agent_id": "203",
            "called": "34600333444",
            "channels": 2,
            "channel_roles": AGENT_FIRST,
        },
    },
    beside={"sides": 1, "ignored": {".wav": 1}},
)

_RECORDINGS = ["RE" + digit * 32 for digit in "1234"]
_CALLS = ["CA" + digit * 32 for digit in "1234"]
TWILIO = Platform(
    timezone="America/Los_Angeles",
    files={
        f"AC{'0' * 32}/{_RECORDINGS[0]}.wav": stereo(1),
        f"AC{'0' * 32}/{_RECORDINGS[0]}.json": _json(
            sid=_RECORDINGS[0],
            call_sid=_CALLS[0],
            direction="inbound",
            **{"from": "+14155550123", "to": "+18005550199"},
            start_time="Mon, 16 Nov 2026 18:02:03 +0000",
        ),
        f"AC{'0' * 32}/{_RECORDINGS[1]}.wav": stereo(2),
        f"AC{'0' * 32}/{_RECORDINGS[1]}.json": _json(
            sid=_RECORDINGS[1],
            call_sid=_CALLS[1],
            direction="inbound",
            **{"from": "client:dana", "to": "+14155550777"},
            start_time="2026-11-17T02:00:00Z",
        ),
        "recordings.json": _json(
            recordings=[
                {"sid": _RECORDINGS[2], "call_sid": _CALLS[2], "start_time": "2026-11-16T20:00:00Z"},
                {"sid": _RECORDINGS[3], "call_sid": _CALLS[3], "start_time": "2026-11-15T20:00:00Z"},
            ]
        ),
        f"AC{'0' * 32}/{_RECORDINGS[2]}.wav": stereo(3),
        f"AC{'0' * 32}/{_RECORDINGS[3]}.wav": stereo(4),
    },
    calls={
        f"AC{'0' * 32}/{_RECORDINGS[0]}.wav": {
            "interaction_id": _CALLS[0],
            "direction": "inbound",
            "caller": "+14155550123",
            "channel_roles": CUSTOMER_FIRST,
            "roles_source": "sidecar",
            "started_at": "2026-11-16T18:02:03+00:00",
            "extra": {"recording_id": _RECORDINGS[0]},
        },
        f"AC{'0' * 32}/{_RECORDINGS[1]}.wav": {
            "interaction_id": _CALLS[1],
            "direction": "outbound",
            "agent_id": "client:dana",
            "channel_roles": AGENT_FIRST,
        },
        f"AC{'0' * 32}/{_RECORDINGS[2]}.wav": {"interaction_id": _CALLS[2], "channel_roles": []},
    },
    beside={"sidecars": 3, "other_days": 1},
)

_ZOOM = "call_recording_1234abcd-5678-4fgh-9012-aaaabbbbcccc_20261116153000"
ZOOM_PHONE = Platform(
    timezone="UTC",
    files={
        f"2026-11-16/{_ZOOM}.mp3": recording(3, seed=1, container="MP3"),
        f"2026-11-16/{_ZOOM}.json": _json(
            id="1234abcd56784fgh9012aaaabbbbcccc",
            call_id="7072598989368295984",
            caller_number="+14155550123",
            caller_name="Ana Ruiz",
            callee_number="103",
            callee_name="Dana Fox",
            direction="inbound",
            date_time="2026-11-16T15:30:00Z",
            end_time="2026-11-16T15:34:12Z",
            owner={"type": "user", "id": "u1", "name": "Dana Fox", "extension_number": 103},
            site={"name": "Head office"},
        ),
        "2026-11-16/GMT20261116-181507_88v27Vl8TzyusVnY6y2uHw_VideoRecording.mp3": recording(
            3, seed=2, container="MP3"
        ),
    },
    calls={
        f"2026-11-16/{_ZOOM}.mp3": {
            "interaction_id": "7072598989368295984",
            "agent": "Dana Fox",
            "agent_id": "103",
            "team": "Head office",
            "direction": "inbound",
            "caller": "+14155550123",
            "caller_name": "Ana Ruiz",
            "started_at": "2026-11-16T15:30:00+00:00",
            "ended_at": "2026-11-16T15:34:12+00:00",
            "channel_roles": [],
        },
        "2026-11-16/GMT20261116-181507_88v27Vl8TzyusVnY6y2uHw_VideoRecording.mp3": {
            "started_at": "2026-11-16T18:15:07+00:00"
        },
    },
    beside={"sidecars": 1, "without_sidecar": 1},
)

NICE_CXONE = Platform(
    files={
        "2026/11/16/123456789012_1_20261116T091205Z.wav": mono(1),
        "2026/11/16/123456789012_1_20261116T091205Z.json": _json(
            contactId=123456789012,
            agentName="Dana Fox",
            agentId=4711,
            teamName="North",
            skillName="Billing",
            isOutbound=False,
            fromAddr="+14155550123",
            contactStart="2026-11-16T09:12:05.000Z",
            holdSeconds=12.5,
        ),
        f"2026/11/16/CXone Recording - Dana Fox - 2026-11-16T10-00-45Z - {ONE}.wav": mono(2),
        "2026/11/16/123456789013.wav": mono(3),
        "2026/11/16/contacts.csv": b"contact_id,agent_name,team_name,skill_name,direction\n"
        b"123456789013,Kim Lee,South,Sales,outbound\n",
    },
    calls={
        "2026/11/16/123456789012_1_20261116T091205Z.wav": {
            "interaction_id": "123456789012",
            "agent": "Dana Fox",
            "agent_id": "4711",
            "team": "North",
            "queue": "Billing",
            "direction": "inbound",
            "hold_s": 12.5,
            "started_at": "2026-11-16T09:12:05+00:00",
        },
        f"2026/11/16/CXone Recording - Dana Fox - 2026-11-16T10-00-45Z - {ONE}.wav": {
            "agent": "Dana Fox",
            "started_at": "2026-11-16T10:00:45+00:00",
            "interaction_id": ONE,
        },
        "2026/11/16/123456789013.wav": {
            "agent": "Kim Lee",
            "team": "South",
            "queue": "Sales",
            "direction": "outbound",
        },
    },
    beside={"sidecars": 2, "without_sidecar": 1},
)

_SESSION = "CB3E712B7E084D8A9BD23381B216E482300000002866719"
FIVE9 = Platform(
    timezone="America/New_York",
    files={
        "Billing/11_16_2026/4155550123 by dfox @ 9_52_09 AM.wav": mono(1),
        f"Billing/11_16_2026/4155550124 by klee @ 1_05_00 PM{_SESSION}.wav": mono(2),
        "Sales/11_16_2026/4155550125 by  @ 4_30_12 PM_Transfer to Support.wav": mono(3),
        "Sales/11_17_2026/4155550126 by dfox @ 4_30_12 PM.wav": mono(4),
        "Sales/11_16_2026/call log.csv": b"SESSION ID,AGENT NAME,CALL TYPE,DISPOSITION,HOLD TIME\n"
        + f"{_SESSION},Kim Lee,Inbound,Resolved,00:01:05\n".encode(),
    },
    calls={
        "Billing/11_16_2026/4155550123 by dfox @ 9_52_09 AM.wav": {
            "queue": "Billing",
            "agent_id": "dfox",
            "started_at": "2026-11-16T09:52:09-05:00",
            "extra": {"customer_number": "4155550123"},
        },
        f"Billing/11_16_2026/4155550124 by klee @ 1_05_00 PM{_SESSION}.wav": {
            "agent_id": "klee",
            "agent": "Kim Lee",
            "direction": "inbound",
            "disposition": "Resolved",
            "hold_s": 65,
            "interaction_id": _SESSION,
            "started_at": "2026-11-16T13:05:00-05:00",
        },
        "Sales/11_16_2026/4155550125 by  @ 4_30_12 PM_Transfer to Support.wav": {
            "queue": "Sales",
            "agent_id": None,
            "extra": {"module": "Transfer to Support", "customer_number": "4155550125"},
        },
    },
    beside={"sidecars": 1, "without_sidecar": 2},
)

_VERBA = "4a9d5ec0-7a40-11e4-8271-001cc092f276"
VERBA = Platform(
    files={
        f"2026/11/16/{_VERBA}.wav": stereo(1),
        f"2026/11/16/{_VERBA}.xml": b"""<?xml version="1.0" encoding="UTF-8"?>
<recording>
  <id>4a9d5ec0-7a40-11e4-8271-001cc092f276</id>
  <modality_id>voice</modality_id>
  <native_call_id>d53f17c6a3b86ba0b7c134b1c32c42c8</native_call_id>
  <location>NY-RECORDER</location>
  <source_caller_id>+14155550123</source_caller_id>
  <source_name>Ana Ruiz</source_name>
  <destination_caller_id>2041</destination_caller_id>
  <destination_name>Dana Fox</destination_name>
  <userdirection>inbound</userdirection>
  <start_time>2026-11-16 10:00:00</start_time>
  <end_time>2026-11-16 10:05:30.500</end_time>
  <usercause>normal</usercause>
</recording>""",
        "2026/11/16/broken.wav": stereo(2),
        "2026/11/16/broken.xml": b"<recording><id>1</recording>",
    },
    calls={
        f"2026/11/16/{_VERBA}.wav": {
            "interaction_id": "d53f17c6a3b86ba0b7c134b1c32c42c8",
            "direction": "inbound",
            "caller": "+14155550123",
            "caller_name": "Ana Ruiz",
            "agent": "Dana Fox",
            "agent_id": "2041",
            "started_at": "2026-11-16T10:00:00+00:00",
            "ended_at": "2026-11-16T10:05:30.500000+00:00",
            "disposition": "normal",
            "channel_roles": [],
        },
        "2026/11/16/broken.wav": {"agent": None},
    },
    beside={"sidecars": 2, "sidecars_unread": 1},
)

PLAIN = Platform(
    timezone="Europe/Madrid",
    files={
        "2026-11-16/a.wav": stereo(1),
        "2026-11-16/a_metadata.json": _json(
            agentName="Dana Fox", queue="billing", direction="IN", campaign="autumn"
        ),
        "2026-11-16/b.wav": mono(2),
        "2026-11-16/b.xml": b"<call><agent>Kim Lee</agent><start>2026-11-16T09:12:00</start></call>",
        "2026-11-16/c_in.wav": mono(3),
        "2026-11-16/c_out.wav": mono(4),
        "2026-11-16/manifest.csv": b"file,direction,team\nc_in.wav,outbound,North\nb.wav,,South\n",
        "2026-11-16/readme.txt": b"as ordered",
    },
    calls={
        "a.wav": {
            "agent": "Dana Fox",
            "queue": "billing",
            "direction": "inbound",
            "extra": {"campaign": "autumn", "agentName": None},
            "channel_roles": [],
        },
        "b.wav": {"agent": "Kim Lee", "team": "South", "started_at": "2026-11-16T09:12:00+01:00"},
        "c_in.wav": {"direction": "outbound", "team": "North", "channels": 2, "channel_roles": AGENT_FIRST},
    },
    beside={"sidecars": 2, "sides": 1, "without_sidecar": 1, "ignored": {".txt": 1}},
)

PLATFORMS: dict[str, Platform] = {
    "amazon_connect": AMAZON_CONNECT,
    "genesys_cloud": GENESYS_CLOUD,
    "asterisk": ASTERISK,
    "freepbx": FREEPBX,
    "twilio": TWILIO,
    "zoom_phone": ZOOM_PHONE,
    "nice_cxone": NICE_CXONE,
    "five9": FIVE9,
    "verba": VERBA,
    "plain": PLAIN,
}
