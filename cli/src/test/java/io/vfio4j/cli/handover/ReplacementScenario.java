// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server process that admits a second VMM, the memory of a guest, and what becomes of the device. */
final class ReplacementScenario implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Pattern REFUSAL =
      Pattern.compile(": HANDOVER: E[A-Z]+[^:]*: (.*); the device stays with its owner, pid \\d+\\s*");

  private final Path folder;
  private final Path memory;
  private final ChildServer server;

  /** A VMM's view of who owns the device. */
  private enum Ownership {
    OWNER_OF_STATE, OWNER_OF_RESET_DEVICE, DISCONNECTED
  }

  ReplacementScenario(Path folder, String... options) throws IOException, InterruptedException {
    this.folder = folder;
    memory = newMemory("memory");
    List<String> all = new ArrayList<>(List.of("--control", controlPath().toString(), "--handover"));
    all.addAll(List.of(options));
    server = ChildServer.start(CommandProcesses.serve(folder.resolve("sock"), all.toArray(String[]::new)));
  }

  Path newMemory(String name) throws IOException {
    Path file = folder.resolve(name);
    try (RandomAccessFile created = new RandomAccessFile(file.toFile(), "rw")) {
      created.setLength(TestVmm.MEMORY_SIZE);
    }
    return file;
  }

  private Path controlPath() {
    return folder.resolve("control");
  }

  String control() {
    return "control:" + controlPath();
  }

  /** Connects a VMM of this process. */
  TestVmm connect() throws IOException {
    return TestVmm.connect(server.socket(), memory);
  }

  /** Connects a VMM whose guest has other memory. */
  TestVmm connect(Path otherMemory) throws IOException {
    return TestVmm.connect(server.socket(), otherMemory);
  }

  /** Starts a VMM in a process of its own. */
  VmmProcess start(VmmProcess.Use use) throws IOException {
    return VmmProcess.start(server.socket(), memory, use);
  }

  CommandRun run(String... more) {
    List<String> arguments = new ArrayList<>(List.of("handover", control()));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  /** Hands the device over to the candidate. */
  void handOver() {
    CommandRun run = run();
    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  /** Requests a handover that the server refuses, and returns the outcome. */
  String refusal() {
    CommandRun run = run();
    assertThat(run.exitCode()).as(run.out() + run.err()).isEqualTo(ExitCodes.FAILURE);
    Matcher matcher = REFUSAL.matcher(run.err());
    assertThat(matcher.find()).as(run.err()).isTrue();
    return "refused: " + matcher.group(1);
  }

  /** Waits until the server has noticed that the candidate is gone. */
  void awaitNoCandidate() throws IOException, InterruptedException {
    try (ControlClient control = ControlClient.connect(controlPath(), ClientOptions.DEFAULT)) {
      long deadline = System.nanoTime() + TIMEOUT.toNanos();
      while (control.handoverInfo().orElseThrow().candidate().isPresent()) {
        requireTime(deadline, "the candidate is still there");
      }
    }
  }

  /**
   * Waits until a VMM owns the device or is disconnected, and returns what has become of the device.
   *
   * @param name of the VMM
   */
  String outcome(TestVmm vmm, String name) throws IOException, InterruptedException {
    return switch (await(vmm)) {
      case OWNER_OF_STATE -> {
        vmm.checkWorks();
        yield name + " owns it, with its state";
      }
      case OWNER_OF_RESET_DEVICE -> {
        vmm.startTraffic().checkWorks();
        yield "reset; %s owns it".formatted(name);
      }
      case DISCONNECTED -> "%s; %s is disconnected".formatted(outcomeForNext(), name);
    };
  }

  /** Waits until a VMM owns the device. */
  void awaitOwner(TestVmm vmm) throws IOException, InterruptedException {
    assertThat(await(vmm)).isNotEqualTo(Ownership.DISCONNECTED);
  }

  /** Returns what the next VMM finds. */
  String outcomeForNext() throws IOException, InterruptedException {
    try (TestVmm next = connect().setUp()) {
      return outcome(next, "the next VMM");
    }
  }

  private static Ownership await(TestVmm vmm) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (true) {
      try {
        return vmm.isMarked() ? Ownership.OWNER_OF_STATE : Ownership.OWNER_OF_RESET_DEVICE;
      } catch (DeviceLostException e) {
        return Ownership.DISCONNECTED;
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY)) {
          throw e;
        }
      }
      requireTime(deadline, "the VMM does not become the owner");
    }
  }

  private static void requireTime(long deadline, String problem) throws InterruptedException {
    if (System.nanoTime() > deadline) {
      throw new AssertionError(problem);
    }
    Thread.sleep(Duration.ofMillis(2));
  }

  @Override
  public void close() {
    server.close();
  }
}
