"""The conversation of `serve/interop.rs`, held by aiosmpplib: HOST PORT.

Prints one line for each thing that happened; what should have happened is the test's to say.
"""

import asyncio
import sys

from aiosmpplib import ESME, AbstractHook, BindMode, DeliverSm, PhoneNumber, SubmitSm, SubmitSmResp

HOST, PORT = sys.argv[1], int(sys.argv[2])

MESSAGES = {
    "short": ("447700901001", "Hello, Bindery"),
    "long": ("447700901002", "A long text in one payload. " * 14),
    "unicode": ("447700901003", "Привет, 世界 😀"),
    "reply": ("447700900009", "drawer"),
}


def say(*words):
    print(*words, flush=True)


class Hook(AbstractHook):
    """Says what comes, and lets whoever waits count it."""

    def __init__(self):
        self.came = asyncio.Queue()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def send_error(self, smpp_message, error, client_id):
        say("error", repr(error))

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, SubmitSmResp):
            say("submitted", smpp_message.log_id, smpp_message.message_id)
        elif isinstance(smpp_message, DeliverSm) and smpp_message.is_receipt():
            receipt = smpp_message.parse_receipt()
            say("receipt", receipt["id"], receipt["stat"], receipt["id"])
        elif isinstance(smpp_message, DeliverSm):
            say("mo", smpp_message.short_message)
        else:
            return
        await self.came.put(smpp_message)


class Bind:
    """One bind, held by a task of its own."""

    @classmethod
    async def open(cls, mode, password="demopass"):
        bind = cls()
        bind.hook = Hook()
        bind.esme = ESME(HOST, PORT, "demo", password, bind_mode=mode, hook=bind.hook, log_level="CRITICAL")
        await bind.esme.connect()
        bind.task = asyncio.create_task(bind.esme.start())
        say("bound", mode.name.lower())
        return bind

    async def submit(self, name):
        number, text = MESSAGES[name]
        message = SubmitSm(
            short_message=text,
            source=PhoneNumber("12345"),
            destination=PhoneNumber(number),
            registered_delivery=1,
            log_id=name,
        )
        await self.esme.broker.enqueue(message)

    async def came(self, count):
        for _ in range(count):
            await self.hook.came.get()

    async def end(self):
        await self.esme.stop()
        await self.task
        say("unbound")


async def main():
    try:
        await Bind.open(BindMode.TRANSCEIVER, password="wrong")
    except ValueError:
        # It looks for a system_id in every bind_resp; a refusal has no body (SMPP 3.4, 4.1.2), so it cannot say why.
        say("refused", "unread")

    both = await Bind.open(BindMode.TRANSCEIVER)
    for name in MESSAGES:
        await both.submit(name)
    await both.came(2 * len(MESSAGES) + 1)  # each answer and receipt, and the reply
    await both.end()

    receiver = await Bind.open(BindMode.RECEIVER)
    transmitter = await Bind.open(BindMode.TRANSMITTER)
    await transmitter.submit("short")
    await transmitter.came(1)
    await receiver.came(1)
    await transmitter.end()
    await receiver.end()


asyncio.run(main())
