// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Usage errors: a line that says what is expected, a reference to the help, and exit code 2. */
class UsageTest {

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
      "                                                 | missing command: expected one of demo, serve, probe, migrate",
      "migrat                                           | did you mean migrate?",
      "frobnicate                                       | is not a command: expected one of demo, serve, probe",
      "frobnicate --help                                | is not a command: expected one of demo, serve, probe",
      "frobnicate --version                             | is not a command: expected one of demo, serve, probe",
      "--json frobnicate -h                             | is not a command: expected one of demo, serve, probe",
      "serve frobnicate --help                          | vfio4j serve: 'frobnicate' is not a command: expected one of scratch",
      "help frobnicate                                  | is not a command: expected one of demo, serve, probe",
      "help serve frobnicate                            | vfio4j serve: 'frobnicate' is not a command: expected one of scratch",
      "probe sim:a --frobnicate --help                  | '--frobnicate'",
      "states RUNNING --help                            | unexpected argument 'RUNNING'",
      "--colour                                         | unknown option '--colour'",
      "migrate --form sim:a --to sim:b                  | unknown option '--form'; did you mean --from?",
      "migrate --from sim:a --to sim:b --max-downtme=1s | unknown option '--max-downtme=1s'; did you mean --max-downtime?",
      "states --form svg                                | unknown option '--form'; did you mean --format?",
      "serve scrtach                                    | did you mean scratch?",
      "probe vfio-user:/no/such?busy-pol=5us            | vfio-user:/no/such has no parameter 'busy-pol'; did you mean busy-poll?",
      "probe vfio-user:/no/such?colour=red              | has no parameter 'colour'; known: busy-poll",
      "probe kernel:0000:3b:00.2?iface=cdev             | kernel:0000:3b:00.2 has no parameter 'iface'",
      "probe sim:a?memry=4k                             | unknown parameter 'memry=4k': did you mean memory? expected memory=SIZE",
      "probe vfio-user:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa       | the path of a UNIX socket has at most 107 bytes, this one has 121",
      "serve scratch --socket /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | --socket: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: the path of a UNIX socket has at most 107 bytes",
      "serve                                            | missing device: expected scratch, idio-16 or --device=CLASS",
      "serve --device example.Dice                      | Missing required option: '--socket=PATH'",
      "serve --device example.Dice --socket /s          | --device: class example.Dice not found in the modules of vfio4j",
      "serve --device example.Dice --device-path /no/such --socket /s | --device: no such file or folder: /no/such",
      "serve --device java.lang.String --socket /s      | --device: java.lang.String is not a device: expected a DeviceProvider",
      "serve --device io.vfio4j.devices.scratch.ScratchDevice -o size=1m --socket /s | -o: unknown option 'size': expected memory, load",
      "serve --device io.vfio4j.devices.scratch.ScratchDevice -o memory=1q --socket /s | -o: memory: '1q' is not a size",
      "serve --device io.vfio4j.devices.scratch.ScratchDevice -o mappable -o mappable --socket /s | -o: mappable is set twice",
      "serve --device a.B scratch --socket /s           | --device must follow the name of the device, 'scratch'",
      "serve scratch                                    | --socket=PATH",
      "serve scratch --socket /s --memory 12q           | --memory: '12q' is not a size; expected a size such as 4096",
      "serve scratch --socket /s --memory -1            | is not a size",
      "serve scratch --socket /s --memory 99999999999g  | is too large",
      "serve scratch --socket /s --memory 5000          | expected a multiple of 4096",
      "serve scratch --socket /s --memory 0             | expected a multiple of 4096",
      "serve scratch --socket /s --migration v3         | 'v3' is not a version; expected v1, v2 or both",
      "probe sim:a?migration=1                          | migration: '1' is not a version",
      "serve scratch --socket /s --features fast        | 'fast' is not a migration feature; expected stop_copy, p2p, pre_copy",
      "serve scratch --socket /s --fault arc=STOP       | expected two states, as in arc=STOP>STOP_COPY",
      "serve scratch --socket /s --fault slow=x         | --fault: fault 'slow=x'",
      "serve scratch --socket /s --load /no/such        | --load: no such file: /no/such",
      "serve scratch --socket /s --load /               | --load: / cannot be read",
      "serve scratch --socket /s --many=0               | --many: N must be at least 1",
      "serve scratch --socket /s --many --once          | leave out --keep-state and --once",
      "serve scratch --socket /s --many=2 --keep-state  | each device is destroyed when its client disconnects",
      "serve scratch --socket /s --many --control /c    | --many: a control socket belongs to one device; leave out --control",
      "serve scratch --socket /s --control /x/../s      | --control: /x/../s is the path of --socket",
      "serve scratch --socket /s --control /c --max-hold 0s | --max-hold: '0s' is out of range; expected more than 0",
      "probe control:                                   | expected the path of the server's control socket: control:PATH",
      "serve scratch --socket /s --max-data 0           | --max-data: 0 is not between 1 and 1073741824",
      "serve scratch --socket /s --map-files xfs,ntfs   | --map-files: unknown file system 'ntfs': expected btrfs",
      "serve scratch --socket /s --max-fds 254          | --max-fds: 254 is not between 0 and 253",
      "serve scratch --socket /s --max-maps 0           | --max-maps: 0 is not between 1 and",
      "serve scratch --socket /s --max-bitmap 2g        | --max-bitmap: 2147483648 is not between 8 and",
      "serve scratch --socket /s --busy-poll 50         | '50' is not a duration",
      "serve scratch --socket /s --stall-timeout 0s     | more than 0",
      "probe vfio-user:/s?busy-poll=5                   | busy-poll: '5' is not a duration",
      "serve scratch --socket /s --mem 4k               | did you mean --memory?",
      "serve idio-16                                    | --socket=PATH",
      "serve idio-16 --socket /s --loopback --inputs /f | loopback and inputs are mutually exclusive",
      "probe                                            | DEVICE",
      "probe /run/a.sock                                | did you mean vfio-user:/run/a.sock?",
      "probe contrl:/x                                  | 'contrl:/x' is not a device address; did you mean control:/x?",
      "probe vfiouser:/x                                | 'vfiouser:/x' is not a device address; did you mean vfio-user:/x?",
      "conform --observe vfio-user:/x                   | --observe: vfio-user:/x is not a control socket; expected control:PATH",
      "conform --observe control:/x --only saving       | --observe: its checks are those of one group, none dangerous; leave out --only and --dangerous",
      "conform sim:a --allow-pause 1s                   | --allow-pause: without --observe the device is always stopped",
      "conform sim:a --only in-use                      | 'in-use' is not a group of checks",
      "conform control:/x                               | To check it while a VMM is using it, add --observe: vfio4j conform --observe control:/x",
      "probe a                                          | 'a' is not a device address; expected vfio-user:PATH, control:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME",
      "probe vfio-user:                                 | expected the path of the server's socket: vfio-user:PATH",
      "probe kernel:nothing                             | 'kernel:nothing' is not a device address; expected kernel:0000:3b:00.2 (PCI address)",
      "probe kernel:0000:3b:00.2?interface=x            | interface: 'x' is not valid; expected group or cdev",
      "probe sim:                                       | expected a name for the simulated device",
      "probe sim:a?size=4k                              | unknown parameter 'size=4k': expected memory=SIZE",
      "probe sim:a?memory=x                             | memory: 'x' is not a size",
      "probe sim:a sim:b                                | unexpected argument 'sim:b'",
      "migrate --from sim:a                             | --to=DEVICE",
      "migrate --from sim:a --to sim:a                  | are the same device",
      "migrate --from sim:a --to sim:b --max-downtime 3 | '3' is not a duration; expected a number with a unit, such as 50us, 300ms, 2s or 5m",
      "migrate --from sim:a --to sim:b --max-downtime 0s | more than 0",
      "migrate --from sim:a --to sim:b --max-bandwidth 1 | at least 4096 bytes/s",
      "migrate --from sim:a --to sim:b --max-bandwidth ? | expected bytes per second, such as 500k",
      "receive --listen here sim:a                      | --listen: 'here' is not an address; expected unix:PATH or tcp:HOST:PORT",
      "receive --listen tcp:localhost sim:a             | tcp:HOST:PORT",
      "receive --listen tcp:localhost:99999 sim:a       | a port is a number from 0 to 65535",
      "receive --listen tcp:localhost:0 sim:a           | TCP always uses TLS and needs keys: --keys DIR",
      "send --connect tcp:192.0.2.1:4711 sim:a          | create them with vfio4j keys",
      "send --connect tcp:h:1 --tls-ca a --tls-key b sim:a | or --tls-cert FILE",
      "send --connect tcp:h:1 --keys k --peer-uid 0 sim:a | --peer-uid is for UNIX sockets",
      "send --connect unix:/x --keys k sim:a            | has no TLS: omit the keys",
      "send --connect unix:/x --peer h sim:a            | has no TLS: omit the keys and --peer",
      "send --connect unix:/x --peer-uid -1 sim:a       | -1 is not a uid",
      "receive --listen unix:/x --peer-uid 4294967295 sim:a | 4294967295 is not a uid",
      "keys --out /x                                    | HOST",
      "keys --out /x --days 0 a                         | --days: 0 is not between 1 and 3650",
      "send --connect unix: sim:a                       | the path of a UNIX socket",
      "send sim:a                                       | --connect=ADDR",
      "states --format png                              | --format: 'png' is not an output format; expected one of table, mermaid",
      "states --json --format svg                       | --json and --format svg are mutually exclusive",
      "states --features ndma                           | 'ndma' is not a migration feature; expected stop_copy, p2p, pre_copy",
      "states --v1 --features nmda                      | --features: 'nmda' is not an arc; expected FROM>TO",
      "states --v1 --features ndma,                     | empty name in 'ndma,'",
      "states --v1 --features RUNNING+NDMA>RESUMING     | needs ndma",
      "simulate                                         | missing source: expected --memory SPEC, --device SPEC or --trace FILE",
      "simulate --memory 8g                             | missing bandwidth: expected --bandwidth RATE",
      "simulate --memory 8g --trace /f                  | --trace cannot be combined with --memory or --device",
      "simulate --trace /no/such                        | --trace: no such file: /no/such",
      "simulate --memory 8q                             | --memory: '8q' is not a size",
      "simulate --memory 1g:fast                        | 'fast' is not a size; expected bytes per second",
      "simulate --memory 1g:1m@2g                       | larger together than the 1073741824 bytes",
      "simulate --memory 1g:1m@1g+1m                    | a working set is larger than 0, but this is 0",
      "simulate --memory 1g:1m+2m                       | all writes but one need @SIZE",
      "simulate --memory 1g:1m,burst=2s/1s              | a period of 1.000 s is shorter than its burst of 2.000 s",
      "simulate --device 1g:1m,to=2m                    | 'to=2m' is not valid; expected SIZE[:WRITES[+WRITES]...]",
      "simulate --device 1g:1m,to=2m/                   | '' is not a duration",
      "simulate --device 1g --bandwidth 0               | nothing can be sent with 0 bytes a second",
      "simulate --device 2048t --device 1048576t --bandwidth 1 | more than 1 EiB",
      "simulate --device 1g --bandwidth 1m --horizon 48h | horizon must be at most a day",
      "simulate --device 1g --bandwidth 1 --when-not-converging stop | 'stop' is not valid; expected one of wait, abort, force",
      "simulate --device 1 --bandwidth 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19 --max-downtime 1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s,18s,19s | 1083 combinations exceed the maximum of 1000; give fewer values",
      "simulate --device 1g --bandwidth 10m,11m,12m,13m,14m,15m,16m,17m,18m,19m,20m,21m,22m,23m,24m,25m,26m,27m,28m,29m --max-downtime 1s,2s,3s | more than 52 of the combinations have different results; give fewer values",
      "plan                                             | 'FROM'",
      "plan STOP                                        | 'TO'",
      "plan STOP RUNNING RESUMING                       | unexpected argument 'RESUMING'",
      "plan STOP foo                                    | TO: unknown device state 'foo': expected ERROR (0), STOP (1), RUNNING (2)",
      "plan 8 STOP                                      | FROM: unknown device state '8': expected ERROR (0), STOP (1)",
      "plan 0x1ffffffff STOP                            | FROM: unknown device state '0x1ffffffff'",
      "plan RUNNING+NDMA STOP                           | RUNNING+NDMA is a state of version 1, see --v1",
      "plan --v1 7 STOP                                 | is invalid: RESUMING excludes other bits",
      "plan --v1 STOP P2P                               | TO: P2P: unknown version 1 device state 'P2P' (expected one of STOP"})
  void answersUsageErrorInOneLine(String arguments, String words) {
    CommandRun run = CommandRun.vfio4j(arguments == null ? new String[0] : arguments.split(" ", -1));

    assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains(words);
    assertThat(run.err().lines()).as(run.err()).last().asString().startsWith("see: vfio4j ");
    assertThat(run.err().lines().count()).isLessThanOrEqualTo(2);
    assertThat(run.err()).doesNotContain("\tat ").doesNotContain("Exception");
  }

  @Test
  void rejectsImpossibleFault() {
    CommandRun run =
        CommandRun.vfio4j("probe", "sim:a?fault=arc=RUNNING>PRE_COPY,errno=EIO&features=stop_copy");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(run.err()).contains("PRE_COPY");
  }

  @Test
  void suggestsHelpOfSubcommand() {
    assertThat(CommandRun.vfio4j("serve", "scratch", "--sock", "/s").err())
        .contains("see: vfio4j serve scratch --help");
  }
}
