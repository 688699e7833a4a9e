# The conversation of `serve/interop.rs`, held by Net::SMPP: HOST PORT.
# Prints one line for each thing that happened; what should have happened is the test's to say.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Net::SMPP;

$| = 1;
my ($host, $port) = @ARGV;

my %messages = (
    short   => ['447700901001', 0, 'Hello, Bindery'],
    long    => ['447700901002', 0, 'A long text in one payload. ' x 14],
    unicode => ['447700901003', 8, encode('UTF-16BE', 'Привет, 世界 😀')],
    reply   => ['447700900009', 0, 'drawer'],
);

# Names of messages by the sequence number of their submit_sm.
my %names;

sub say_words { print join(' ', @_), "\n" }

sub open_bind {
    my ($kind, $password) = @_;
    my $smpp = Net::SMPP->new_connect($host, port => $port, smpp_version => 0x34, async => 1)
        or die "no connection: $!";
    my $bind = "bind_$kind";
    $smpp->$bind(system_id => 'demo', password => $password);
    my $answer = $smpp->read_pdu or die 'no answer to the bind';
    if ($answer->status) {
        say_words('refused', $answer->status);
        return;
    }
    say_words('bound', $kind);
    return $smpp;
}

sub submit {
    my ($smpp, $name) = @_;
    my ($number, $coding, $text) = @{ $messages{$name} };
    my %body = $name eq 'long'
        ? (short_message => '', message_payload => $text)
        : (short_message => $text);
    my $sequence = $smpp->submit_sm(
        source_addr_ton     => 1,
        source_addr_npi     => 1,
        source_addr         => '12345',
        dest_addr_ton       => 1,
        dest_addr_npi       => 1,
        destination_addr    => $number,
        data_coding         => $coding,
        registered_delivery => 1,
        %body,
    ) or die "$name: not sent";
    $names{$sequence} = $name;
}

# Reads so many answers and deliveries.
sub expect {
    my ($smpp, $count) = @_;
    while ($count) {
        my $pdu = $smpp->read_pdu or die 'the connection ended';
        if ($pdu->cmd == Net::SMPP::CMD_submit_sm_resp) {
            die "$names{$pdu->seq}: " . $pdu->status if $pdu->status;
            say_words('submitted', $names{$pdu->seq}, $pdu->{message_id});
            $count--;
        } elsif ($pdu->cmd == Net::SMPP::CMD_deliver_sm) {
            $smpp->deliver_sm_resp(seq => $pdu->seq, message_id => '');
            delivered($pdu);
            $count--;
        } elsif ($pdu->cmd == Net::SMPP::CMD_enquire_link) {
            $smpp->enquire_link_resp(seq => $pdu->seq);
        }
    }
}

sub delivered {
    my ($pdu) = @_;
    my $text = $pdu->{short_message};
    if ($pdu->{esm_class} & 0x04) {
        my ($id, $stat) = $text =~ /^id:(\S+) .* stat:(\S+)/ or die "no receipt: $text";
        my $told = $pdu->{receipted_message_id};
        $told =~ s/\0$//;
        say_words('receipt', $id, $stat, $told);
    } else {
        say_words('mo', $text);
    }
}

sub end_bind {
    my ($smpp) = @_;
    $smpp->unbind;
    my $answer = $smpp->read_pdu or die 'no answer to unbind';
    die 'not unbind_resp' if $answer->cmd != Net::SMPP::CMD_unbind_resp;
    say_words('unbound');
}

open_bind('transceiver', 'wrong');

my $both = open_bind('transceiver', 'demopass');
submit($both, $_) for sort keys %messages;
expect($both, 2 * keys(%messages) + 1);    # each answer and receipt, and the reply
end_bind($both);

my $receiver = open_bind('receiver', 'demopass');
my $transmitter = open_bind('transmitter', 'demopass');
submit($transmitter, 'short');
expect($transmitter, 1);
expect($receiver, 1);
end_bind($transmitter);
end_bind($receiver);
