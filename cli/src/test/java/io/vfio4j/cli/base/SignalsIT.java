// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.cli.testing.SilentServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A signal ends every command, wherever it blocks, with exit code 1 and a message. */
class SignalsIT {

  /** A signal whose default action is to terminate the process. */
  enum Signal {
    INT, TERM, HUP;

    void to(ChildProcess process) throws IOException, InterruptedException {
      assertThat(new ProcessBuilder("kill", "-" + name(), Long.toString(process.pid())).start().waitFor())
          .isZero();
    }
  }

  @TempDir
  private Path folder;

  private Path fifo;

  @BeforeEach
  void makeFifo() throws IOException, InterruptedException {
    fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
  }

  /** Without the signal the command would wait 10 s for the server's reply. */
  @ParameterizedTest
  @ValueSource(strings = {"probe DEVICE", "probe --json DEVICE", "conform DEVICE",
      "migrate --from DEVICE --to sim:b",
      "migrate --from sim:a --to DEVICE", "migrate --from DEVICE --to sim:b --dry-run",
      "send --connect unix:/none DEVICE",
      "receive --listen unix:LISTEN DEVICE", "save DEVICE --output STATE", "recover --resume DEVICE",
      "recover --discard DEVICE"})
  void interruptsCommandAtSilentServer(String arguments) throws Exception {
    try (SilentServer server = SilentServer.at(folder.resolve("silent.sock"));
        ChildProcess command = start(arguments)) {
      server.awaitClient();
      Signal.TERM.to(command);

      assertInterrupted(command);
      assertThat(folder.resolve("state")).doesNotExist();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsOnEachSignal(Signal signal) throws Exception {
    try (SilentServer server = SilentServer.at(folder.resolve("silent.sock"));
        ChildProcess command = start("probe DEVICE")) {
      server.awaitClient();
      signal.to(command);

      assertInterrupted(command);
    }
  }

  /** open(2) of a FIFO blocks until the other end is opened; Java cannot interrupt it. */
  @ParameterizedTest
  @ValueSource(strings = {"inspect FIFO", "simulate --trace FIFO",
      "serve scratch --socket LISTEN --load FIFO",
      "probe sim:a?load=FIFO", "conform sim:a?load=FIFO", "migrate --from sim:a?load=FIFO --to sim:b",
      "receive --listen tcp:localhost:0 --tls-ca FIFO --tls-cert FIFO --tls-key FIFO sim:a",
      "recover --answer tcp:localhost:0 --tls-ca FIFO --tls-cert FIFO --tls-key FIFO"})
  void interruptsOpenOfFifo(String arguments) throws Exception {
    try (ChildProcess command = start(arguments)) {
      awaitOpening(command);
      Signal.TERM.to(command);

      assertInterrupted(command);
    }
  }

  /** A device is reset before the command ends if the signal arrives during a check. */
  @Test
  void resetsDeviceOfInterruptedSuite() throws Exception {
    Path socket = folder.resolve("a.sock");
    try (ServedTestDevice served = ServedTestDevice.start(socket);
        ChildProcess command = startWithSignals(List.of("conform", "vfio-user:" + socket, "--json"))) {
      CommandProcesses.await(command, event -> event.get("event").getAsString().equals("check")
          && event.get("group").getAsString().equals("paths"));
      Signal.TERM.to(command);

      assertThat(command.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      assertThat(command.stderrLines()).singleElement().asString().contains("cancelled after ")
          .endsWith(" has been reset, and is in RUNNING");
      try (VfioUserClient client = served.awaitConnection()) {
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
      }
    }
  }

  /** A pending device call does not delay the command: the device is closed. */
  @Test
  void interruptsSuiteInLongCheck() throws Exception {
    Path socket = folder.resolve("a.sock");
    try (ServedTestDevice _ = ServedTestDevice.start(socket, "arc=STOP>STOP_COPY,delay=5s");
        ChildProcess command =
            startWithSignals(List.of("conform", "vfio-user:" + socket, "--json", "--only", "transitions"))) {
      CommandProcesses.await(command, event -> event.get("event").getAsString().equals("check"));
      Signal.INT.to(command);

      assertThat(command.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      assertThat(String.join("\n", command.stderrLines())).containsAnyOf("interrupted", "cancelled after");
    }
  }

  private ChildProcess start(String arguments) throws IOException {
    List<String> words = new ArrayList<>();
    Arrays.stream(arguments.split(" "))
        .map(word -> word.replace("DEVICE", "vfio-user:" + folder.resolve("silent.sock"))
            .replace("FIFO", fifo.toString()).replace("LISTEN", folder.resolve("listen.sock").toString())
            .replace("STATE", folder.resolve("state").toString()))
        .forEach(words::add);
    if (Stream.of("migrate", "send", "receive", "recover").anyMatch(words.getFirst()::equals)
        && !words.contains("--dry-run")) {
      words.addAll(List.of("--state-dir", folder.resolve("journals").toString()));
    }
    return startWithSignals(words);
  }

  /** The test process may ignore some signals (nohup(1)), and a child process inherits that. */
  private static ChildProcess startWithSignals(List<String> arguments) throws IOException {
    return ChildProcess.startWithPrefix(List.of("env", "--default-signal=INT,TERM,HUP"), arguments);
  }

  private static void assertInterrupted(ChildProcess command) throws IOException, InterruptedException {
    assertThat(command.await(CommandProcesses.TIMEOUT)).as(String.join("\n", command.stderrLines()))
        .isEqualTo(ExitCodes.FAILURE);
    assertThat(command.stderrLines()).containsExactly("vfio4j: interrupted");
  }

  /** Waits until a thread of a process blocks in the open of a FIFO. */
  private static void awaitOpening(ChildProcess command) throws IOException {
    long end = System.nanoTime() + CommandProcesses.TIMEOUT.toNanos();
    while (!isWaitingIn(command, "wait_for_partner")) {
      assertThat(command.isAlive()).as(String.join("\n", command.stderrLines())).isTrue();
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private static boolean isWaitingIn(ChildProcess command, String function) throws IOException {
    List<Path> threads;
    try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(command.pid()), "task"))) {
      threads = all.collect(Collectors.toList());
    }
    for (Path thread : threads) {
      try {
        if (Files.readString(thread.resolve("wchan")).equals(function)) {
          return true;
        }
      } catch (IOException e) {
        // The thread has ended meanwhile.
      }
    }
    return false;
  }
}
