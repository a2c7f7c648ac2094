// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The device of docs/writing-a-device.md, built and driven as described there. */
class WritingADeviceIT {

  private static final Duration PATIENCE = Duration.ofSeconds(100);
  private static final IovaRange RING = new IovaRange(0x10_0000, 0x1000);
  private static final int MOST_LINES = 100;
  private static final int INTX = 0;

  @TempDir
  private Path folder;

  /** Serves a device of the page in a separate process. */
  private ChildProcess serve(DocumentationPage page, String socket) throws IOException, InterruptedException {
    List<String> commands = page.commands("java ", folder);
    assertThat(commands).hasSize(1);
    String command =
        commands.getFirst().replace("$VFIO4J/cli/target/launcher/lib", System.getProperty("jdk.module.path"))
            .replace("Dice.java", folder.resolve("Dice.java").toString()).replace("dice.sock", socket);
    ChildProcess dice = ChildProcess.start(List.of(socket),
        List.of((Path.of(System.getProperty("java.home"), "bin", "java") + " " + command).split(" ")),
        line -> {
        });
    assertThat(dice.readLine(PATIENCE)).as("%s", dice.stderrLines())
        .isEqualTo("listening on " + folder.resolve(socket));
    return dice;
  }

  private VfioUserClient connect(String socket) throws IOException {
    return VfioUserClient.connect(folder.resolve(socket), ClientOptions.DEFAULT.withKeepState(true));
  }

  /** Computes the expected rolls independently. */
  private static long[] expected(int rolls) {
    long[] numbers = new long[rolls];
    long seed = 42;
    for (int roll = 0; roll < rolls; roll++) {
      seed = seed * 6364136223846793005L + 1442695040888963407L;
      numbers[roll] = (seed >>> 33) % 20 + 1;
    }
    return numbers;
  }

  /** Rolls, waits for the interrupt, and returns the result. */
  private static int roll(VfioUserClient client, EventFd interrupt) throws IOException {
    client.writeInt(0, 0x04, 1);
    assertThat(interrupt.await(PATIENCE)).isTrue();
    interrupt.drain();
    assertThat(client.readInt(0, 0x20)).isEqualTo(1);
    client.writeInt(0, 0x20, 1);
    client.irqs().apply(IrqAction.UNMASK, INTX, 0, 1);
    return client.readInt(0, 0x0c);
  }

  @Test
  void migratesDeviceOfTutorial() throws Exception {
    DocumentationPage page = DocumentationPage.read("docs/writing-a-device.md");
    assertThat(page.program().lines().count()).isLessThan(MOST_LINES);
    Files.writeString(folder.resolve("Dice.java"), page.program());
    long[] expected = expected(5);
    try (ChildProcess here = serve(page, "dice.sock"); ChildProcess there = serve(page, "dice2.sock")) {
      try (VfioUserClient client = connect("dice.sock"); Memory memory = Memory.of(client);
          EventFd interrupt = EventFd.create()) {
        client.irqs().assign(INTX, 0, List.of(interrupt));
        client.writeInt(0, 0x08, 20);
        client.writeLong(0, 0x18, RING.iova());
        for (int roll = 0; roll < 3; roll++) {
          assertThat(roll(client, interrupt)).isEqualTo((int) expected[roll]);
          assertThat(memory.slot(roll)).as("slot %d; %s", roll, here.stderrLines()).isEqualTo(expected[roll]);
        }
      }

      for (String command : page.commands("$VFIO4J/vfio4j ", folder)) {
        // After conform, the device would have lost its rolls; ServeDeviceClassIT serves classes.
        if (!command.startsWith("conform") && !command.startsWith("serve")) {
          CommandRun run = CommandRun.vfio4j(command.split(" "));
          assertThat(run.exitCode()).as("%s: %s", command, run.err()).isEqualTo(ExitCodes.SUCCESS);
        }
      }

      try (VfioUserClient client = connect("dice2.sock"); Memory memory = Memory.of(client);
          EventFd interrupt = EventFd.create()) {
        client.irqs().assign(INTX, 0, List.of(interrupt));
        for (int roll = 3; roll < expected.length; roll++) {
          assertThat(roll(client, interrupt)).isEqualTo((int) expected[roll]);
          assertThat(memory.slot(roll)).as("slot %d; %s", roll, there.stderrLines())
              .isEqualTo(expected[roll]);
        }
        assertThat(client.readLong(0, 0x10)).isEqualTo(expected.length);
      }
      assertThat(here.stderrLines()).isEmpty();
      assertThat(there.stderrLines()).isEmpty();

      CommandRun conform = CommandRun.vfio4j("conform", "vfio-user:" + folder.resolve("dice2.sock"));
      assertThat(conform.exitCode()).as(conform.out()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  /** The memory that contains the ring. */
  private record Memory(Arena arena, MemorySegment segment) implements AutoCloseable {

    // Closed by close().
    @SuppressWarnings("MustBeClosedChecker")
    static Memory of(VfioUserClient client) throws IOException {
      Arena arena = Arena.ofShared();
      try (var file = Memfd.create("ring", RING.length())) {
        client.dma().map(RING, file, 0, true);
        return new Memory(arena, MemoryMap.shared(file, 0, RING.length(), false, arena));
      }
    }

    long slot(int index) {
      return segment.get(ValueLayout.JAVA_LONG, (long) index * Long.BYTES);
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
