// A conversation of `serve/interop/vendors.rs`, held by node's smpp: HOST PORT CERTIFICATE STEPS.
// The steps and what is printed are described there; what should have been printed is the test's to say.
'use strict';

const fs = require('node:fs');
const smpp = require('smpp');

const [host, port, certificate, steps] = process.argv.slice(2);

const LONG = 'A long text in several parts. '.repeat(12);
const PART = 153;

const say = (...words) => console.log(...words);
const hex = (status) => '0x' + status.toString(16);

/** One bind, and what came on it that was not yet waited for. */
class Bind {
  static byName = new Map();
  static labels = new Map();

  static async open(name, kind, systemId, systemType) {
    const secure = certificate !== '-';
    const tls = secure ? { tls: true, ca: fs.readFileSync(certificate) } : {};
    const session = smpp.connect({ host, port, ...tls });
    session.on('error', (error) => {
      throw error;
    });
    await new Promise((open) => session.once(secure ? 'secureConnect' : 'connect', open));
    const bind = new Bind(name, session);
    const answer = await bind.ask('bind_' + kind, {
      system_id: systemId,
      password: 'demopass',
      system_type: systemType === '-' ? '' : systemType,
      interface_version: 0x34,
    });
    if (answer.command_status !== smpp.ESME_ROK) {
      say(name, 'refused', hex(answer.command_status));
      session.destroy();
      return;
    }
    say(name, 'bound');
    Bind.byName.set(name, bind);
  }

  constructor(name, session) {
    this.name = name;
    this.session = session;
    this.came = [];
    this.wake = () => {};
    session.on('deliver_sm', (pdu) => this.received(pdu));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
  }

  ask(command, fields) {
    return new Promise((answered) => this.session[command](fields, answered));
  }

  received(pdu) {
    this.session.send(pdu.response());
    const text = pdu.short_message.message;
    if (pdu.esm_class & smpp.ESM_CLASS.MC_DELIVERY_RECEIPT) {
      const [, id, stat] = text.match(/^id:(\S+) .* stat:(\S+)/);
      this.came.push(`receipt ${Bind.labels.get(id)} ${stat}`);
    } else {
      this.came.push(`mo ${text}`);
    }
    this.wake();
  }

  async submit(label, number, ...words) {
    await this.send(label, number, { short_message: words.join(' ') });
  }

  async long(label, number) {
    const total = Math.ceil(LONG.length / PART);
    for (let count = 1; count <= total; count++) {
      const message = LONG.slice((count - 1) * PART, count * PART);
      const udh = Buffer.from([5, 0, 3, 7, total, count]);
      const part = { short_message: { udh, message }, esm_class: 0x40 };
      await this.send(`${label}.${count}`, number, part);
    }
  }

  async send(label, number, body) {
    const answer = await this.ask('submit_sm', {
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: '12025550100',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: number,
      registered_delivery: 1,
      ...body,
    });
    if (answer.command_status !== smpp.ESME_ROK) {
      say(this.name, label, 'refused', hex(answer.command_status));
      return;
    }
    Bind.labels.set(answer.message_id, label);
    say(this.name, label, 'taken');
  }

  id(label) {
    return [...Bind.labels].find(([, value]) => value === label)[0];
  }

  async query(label) {
    const answer = await this.ask('query_sm', { message_id: this.id(label) });
    if (answer.command_status !== smpp.ESME_ROK) {
      say(this.name, label, 'unanswered', hex(answer.command_status));
    } else {
      say(this.name, label, 'state', answer.message_state);
    }
  }

  async cancel(label) {
    const answer = await this.ask('cancel_sm', { message_id: this.id(label) });
    const refused = answer.command_status !== smpp.ESME_ROK;
    say(this.name, label, ...(refused ? ['stays', hex(answer.command_status)] : ['cancelled']));
  }

  async tell(count) {
    while (this.came.length < Number(count)) {
      await new Promise((wake) => (this.wake = wake));
    }
    for (const what of this.came.sort()) {
      say(this.name, what);
    }
    this.came = [];
  }

  async quiet() {
    await this.ask('enquire_link', {});
    say(this.name, this.came.length ? this.came : 'quiet');
  }

  async unbind() {
    await this.ask('unbind', {});
    this.session.close();
    say(this.name, 'unbound');
  }
}

async function main() {
  for (const step of steps.split('\n')) {
    const [word, name, ...rest] = step.trim().split(/\s+/);
    if (word === 'bind') {
      await Bind.open(name, ...rest);
    } else {
      await Bind.byName.get(name)[word](...rest);
    }
  }
  // What was not unbound would keep the program alive.
  Bind.byName.forEach((bind) => bind.session.destroy());
}

main();
