# A wire between two taps, each in a namespace of its own: what is written to one comes out of the other. So a namespace with the
# kernel's own network stack plays a guest. Arguments: namespace tap uid namespace tap
use strict;
use warnings;
use Fcntl;

sub plug {
  my ($namespace, $tap, $uid) = @_;
  open(my $ns, '<', "/run/netns/$namespace") or die "no namespace $namespace: $!";
  # setns(2) on x86_64 and arm64.
  my $setns = `uname -m` =~ /x86_64/ ? 308 : 268;
  syscall($setns, fileno($ns), 0x40000000) == 0 or die "setns: $!";
  sysopen(my $tun, '/dev/net/tun', O_RDWR) or die "tun: $!";
  local $> = $uid;
  my $request = pack('Z16 s x22', $tap, 0x1002);
  ioctl($tun, 0x400454ca, $request) or die "$tap: $!";
  return $tun;
}

my ($ns1, $tap1, $uid, $ns2, $tap2) = @ARGV;
my @ends = (plug($ns1, $tap1, $uid), plug($ns2, $tap2, 0));
$| = 1;
print "plugged\n";
while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for @ends;
  select($ready, undef, undef, undef);
  for my $i (0, 1) {
    next unless vec($ready, fileno($ends[$i]), 1);
    my $got = sysread($ends[$i], my $frame, 70000);
    exit 0 unless defined $got;
    syswrite($ends[1 - $i], $frame);
  }
}
