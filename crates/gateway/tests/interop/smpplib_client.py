"""The conversation of `serve/interop.rs`, held by smpplib: HOST PORT [CERTIFICATE].

Prints one line for each thing that happened; what should have happened is the test's to say.
"""

import re
import ssl
import sys

import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

HOST, PORT = sys.argv[1], int(sys.argv[2])
CERTIFICATE = sys.argv[3] if len(sys.argv) > 3 else None

RECEIPT = 0x04  # SMPP 3.4, 5.2.12: smpplib has no name for it.

MESSAGES = {
    "short": ("447700901001", "Hello, Bindery"),
    "long": ("447700901002", "A long text in several parts. " * 12),
    "unicode": ("447700901003", "Привет, 世界 😀"),
    "reply": ("447700900009", "drawer"),
}


def say(*words):
    print(*words, flush=True)


class Bind:
    """One bind, and what is still to come on it."""

    def __init__(self, kind, password="demopass"):
        context = None
        if CERTIFICATE:
            context = ssl.create_default_context(cafile=CERTIFICATE)
            context.check_hostname = False  # smpplib does not tell the name.
        self.client = smpplib.client.Client(
            HOST, PORT, timeout=20, ssl_context=context, allow_unknown_opt_params=True
        )
        self.names = {}
        self.waiting = 0
        self.client.set_message_sent_handler(self.sent)
        self.client.set_message_received_handler(self.received)
        self.client.connect()
        try:
            getattr(self.client, "bind_" + kind)(system_id="demo", password=password)
        except smpplib.exceptions.PDUError as error:
            self.client.disconnect()
            say("refused", error.args[1])
            return
        say("bound", kind)

    def submit(self, name, waits=True):
        number, text = MESSAGES[name]
        parts, coding, esm_class = smpplib.gsm.make_parts(text)
        for part in parts:
            pdu = self.client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_INTL,
                source_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                source_addr="12345",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                destination_addr=number,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=True,
            )
            self.names[pdu.sequence] = name
            self.waiting += 2 if waits else 1  # the answer and the receipt

    def sent(self, pdu):
        self.waiting -= 1
        say("submitted", self.names[pdu.sequence], pdu.message_id.decode())

    def received(self, pdu):
        self.waiting -= 1
        if pdu.esm_class & RECEIPT:
            text = pdu.short_message.decode()
            found = re.match(r"id:(\S+) .* stat:(\S+)", text)
            say("receipt", found[1], found[2], pdu.receipted_message_id.decode())
        else:
            say("mo", pdu.short_message.decode())

    def wait(self):
        while self.waiting:
            self.client.read_once(auto_send_enquire_link=False)

    def end(self):
        assert self.client.unbind().command == "unbind_resp"
        say("unbound")
        self.client.disconnect()


Bind("transceiver", password="wrong")

both = Bind("transceiver")
for name in MESSAGES:
    both.submit(name)
both.waiting += 1  # the reply
both.wait()
both.end()

receiver, transmitter = Bind("receiver"), Bind("transmitter")
transmitter.submit("short", waits=False)
transmitter.wait()
receiver.waiting = 1
receiver.wait()
transmitter.end()
receiver.end()
