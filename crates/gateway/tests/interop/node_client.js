// The conversation of `serve/interop.rs`, held by node's smpp: HOST PORT [CERTIFICATE].
// Prints one line for each thing that happened; what should have happened is the test's to say.
'use strict';

const fs = require('node:fs');
const smpp = require('smpp');

const [host, port, certificate] = process.argv.slice(2);

const MESSAGES = {
  short: ['447700901001', 'Hello, Bindery'],
  long: ['447700901002', 'A long text in one payload. '.repeat(14)],
  unicode: ['447700901003', 'Привет, 世界 😀'],
  reply: ['447700900009', 'drawer'],
};

const say = (...words) => console.log(...words);

/** One bind; `arrived(count)` waits until so many deliver_sm have come. */
class Bind {
  static async open(kind, password = 'demopass') {
    const tls = certificate ? { tls: true, ca: fs.readFileSync(certificate) } : {};
    const session = smpp.connect({ host, port, ...tls });
    session.on('error', (error) => {
      throw error;
    });
    await new Promise((open) => session.once(certificate ? 'secureConnect' : 'connect', open));
    const bind = new Bind(session);
    const answer = await bind.ask('bind_' + kind, { system_id: 'demo', password });
    if (answer.command_status !== smpp.ESME_ROK) {
      say('refused', answer.command_status);
      session.destroy();
      return null;
    }
    say('bound', kind);
    return bind;
  }

  constructor(session) {
    this.session = session;
    this.count = 0;
    this.wake = () => {};
    session.on('deliver_sm', (pdu) => this.deliver(pdu));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
  }

  ask(command, fields) {
    return new Promise((answered) => this.session[command](fields, answered));
  }

  async submit(name) {
    const [number, text] = MESSAGES[name];
    const body = name === 'long' ? { message_payload: text } : { short_message: text };
    const answer = await this.ask('submit_sm', {
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: '12345',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: number,
      registered_delivery: 1,
      ...body,
    });
    if (answer.command_status !== smpp.ESME_ROK) {
      throw new Error(`${name}: ${answer.command_status}`);
    }
    say('submitted', name, answer.message_id);
  }

  deliver(pdu) {
    this.session.send(pdu.response());
    const text = pdu.short_message.message;
    if (pdu.esm_class & smpp.ESM_CLASS.MC_DELIVERY_RECEIPT) {
      const [, id, stat] = text.match(/^id:(\S+) .* stat:(\S+)/);
      say('receipt', id, stat, pdu.receipted_message_id);
    } else {
      say('mo', text);
    }
    this.count += 1;
    this.wake();
  }

  async arrived(count) {
    while (this.count < count) {
      await new Promise((wake) => (this.wake = wake));
    }
  }

  async end() {
    await this.ask('unbind', {});
    say('unbound');
    this.session.close();
  }
}

async function main() {
  await Bind.open('transceiver', 'wrong');

  const both = await Bind.open('transceiver');
  await Promise.all(Object.keys(MESSAGES).map((name) => both.submit(name)));
  await both.arrived(5);
  await both.end();

  const receiver = await Bind.open('receiver');
  const transmitter = await Bind.open('transmitter');
  await transmitter.submit('short');
  await receiver.arrived(1);
  await transmitter.end();
  await receiver.end();
}

main();
