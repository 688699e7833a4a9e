"""A conversation of `serve/interop/vendors.rs`, held by smpplib: HOST PORT CERTIFICATE STEPS.

The steps and what is printed are described there; what should have been printed is the test's to say.
"""

import logging
import re
import ssl
import sys

import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp

HOST, PORT, CERTIFICATE, STEPS = sys.argv[1:]

RECEIPT = 0x04  # SMPP 3.4, 5.2.12: smpplib has no name for it.

LONG = "A long text in several parts. " * 12


def say(*words):
    print(*words, flush=True)


class Bind:
    """One bind, and what came on it that was not yet waited for."""

    by_name = {}
    labels = {}

    def __init__(self, name, kind, system_id, system_type):
        self.name = name
        context = None
        if CERTIFICATE != "-":
            context = ssl.create_default_context(cafile=CERTIFICATE)
            context.check_hostname = False  # smpplib does not tell the name.
        self.client = smpplib.client.Client(
            HOST, PORT, timeout=20, ssl_context=context, allow_unknown_opt_params=True
        )
        self.client.logger.setLevel(logging.CRITICAL)
        self.client.set_message_sent_handler(self.answered)
        self.client.set_query_resp_handler(self.answered)
        self.client.set_message_received_handler(self.received)
        self.client.set_error_pdu_handler(lambda pdu: None)
        self.client.connect()
        self.answer = None
        self.came = []
        try:
            getattr(self.client, "bind_" + kind)(
                system_id=system_id,
                password="demopass",
                system_type="" if system_type == "-" else system_type,
            )
        except smpplib.exceptions.PDUError as error:
            say(name, "refused", hex(error.args[1]))
            return
        say(name, "bound")
        self.by_name[name] = self

    def answered(self, pdu):
        self.answer = pdu

    def received(self, pdu):
        text = pdu.short_message.decode()
        if pdu.esm_class & RECEIPT:
            found = re.match(r"id:(\S+) .* stat:(\S+)", text)
            self.came.append(f"receipt {self.labels[found[1]]} {found[2]}")
        else:
            self.came.append(f"mo {text}")

    def until_answered(self):
        self.answer = None
        while self.answer is None:
            self.client.read_once(auto_send_enquire_link=False)
        return self.answer

    def submit(self, label, number, *words):
        self.send(label, number, " ".join(words).encode(), 0, 0)

    def long(self, label, number):
        parts, coding, esm_class = smpplib.gsm.make_parts(LONG)
        for count, part in enumerate(parts, 1):
            self.send(f"{label}.{count}", number, part, coding, esm_class)

    def send(self, label, number, text, coding, esm_class):
        self.client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL,
            source_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            source_addr="12025550100",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=number,
            short_message=text,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
        answer = self.until_answered()
        if answer.status:
            say(self.name, label, "refused", hex(answer.status))
            return
        self.labels[answer.message_id.decode()] = label
        say(self.name, label, "taken")

    def query(self, label):
        (message_id,) = (key for key, value in self.labels.items() if value == label)
        self.client.query_message(
            message_id=message_id, source_addr_ton=1, source_addr_npi=1, source_addr="12025550100"
        )
        answer = self.until_answered()
        if answer.status:
            say(self.name, label, "unanswered", hex(answer.status))
        else:
            say(self.name, label, "state", answer.message_state)

    def tell(self, count):
        while len(self.came) < int(count):
            self.client.read_once(auto_send_enquire_link=False)
        for what in sorted(self.came):
            say(self.name, what)
        self.came = []

    def quiet(self):
        self.client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=self.client))
        while True:
            pdu = self.client.read_pdu()
            if pdu.command == "enquire_link_resp":
                break
            assert pdu.command == "deliver_sm", pdu.command
            self.received(pdu)
        say(self.name, self.came or "quiet")

    def unbind(self):
        assert self.client.unbind().command == "unbind_resp"
        self.client.disconnect()
        say(self.name, "unbound")


for step in STEPS.splitlines():
    word, name, *rest = step.split()
    if word == "bind":
        Bind(name, *rest)
    else:
        getattr(Bind.by_name[name], word)(*rest)
