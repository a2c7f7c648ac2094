// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CheckingVmm;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.cli.testing.ServerDescriptors;
import io.vfio4j.cli.testing.Signals;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A swap with a fault at a step. Both servers and the command are processes; a VMM in this one checks the device all the
 * time.
 */
final class SwapFaultScenario implements AutoCloseable {

  /** The fault. */
  enum Fault {
    COMMAND_KILLED("the command is killed"), SOURCE_KILLED("the old server is killed"), TARGET_KILLED(
        "the new server is killed"),
    COMMAND_STALLS("the command stalls"), SOURCE_STALLS("the old server stalls"), TARGET_STALLS(
        "the new server stalls"),
    VMM_LEAVES("the VMM disconnects"), VMM_POSTS("the VMM posts 8 MiB");

    final String title;

    Fault(String title) {
      this.title = title;
    }

    boolean isStall() {
      return this == COMMAND_STALLS || this == SOURCE_STALLS || this == TARGET_STALLS;
    }
  }

  /** How long a process is stopped: longer than the servers let messages wait. */
  private static final Duration STALL = Duration.ofSeconds(5);
  private static final Duration STALL_MAX_HOLD = Duration.ofSeconds(3);

  /** Long enough that a busy machine does not cause another fault. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final long POLL_NANOS = 10_000_000;

  private static final int POSTED = 8 << 20;
  private static final int ROUNDS = 3;

  /** The new server serves the VMM, and the target has not recorded that it runs. */
  private static final Set<String> SERVING =
      Set.of("target completed STOP > RUNNING_P2P", "target starts RUNNING_P2P > RUNNING");

  private final Path here;
  private final String step;
  private final Fault fault;
  private final ChildServer source;
  private final ChildServer target;
  private final ServerDescriptors idleSource;
  private final ServerDescriptors idleTarget;
  private final CheckingVmm vmm;
  private final ServerDescriptors usedSource;
  private boolean decided;

  /**
   * Sets up the scenario.
   *
   * @param here an empty directory
   * @param step the name of the step at which the fault occurs
   */
  SwapFaultScenario(Path here, String step, Fault fault) throws IOException, InterruptedException {
    this.here = here;
    this.step = step;
    this.fault = fault;
    source = serve("a");
    target = serve("b");
    idleSource = ServerDescriptors.of(source.pid());
    idleTarget = ServerDescriptors.of(target.pid());
    vmm = CheckingVmm.start(source.socket());
    assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
    usedSource = ServerDescriptors.of(source.pid());
    assertThat(vmmSocket()).as("the VMM's socket").hasSize(1);
  }

  private ChildServer serve(String name) throws IOException, InterruptedException {
    Duration maxHold = fault.isStall() ? STALL_MAX_HOLD : PATIENCE;
    return ChildServer.start(CommandProcesses.serve(here.resolve(name + ".sock"), "--control",
        here.resolve(name + ".control").toString(), "--max-hold", maxHold.toSeconds() + "s"));
  }

  private Set<String> vmmSocket() {
    Set<String> socket = new HashSet<>(usedSource.sockets());
    socket.removeAll(idleSource.sockets());
    return socket;
  }

  private String control(String name) {
    return "control:" + here.resolve(name + ".control");
  }

  private ControlInfo info(String name) throws DeviceException {
    try (ControlClient client = connect(here.resolve(name + ".control"))) {
      return client.info();
    }
  }

  /** Connects as soon as the server has noticed that its last control client has gone. */
  private static ControlClient connect(Path control) throws DeviceException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return ControlClient.connect(control, ClientOptions.DEFAULT);
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  private List<String> swapCommand() {
    // Without pre-copy: nothing waits during it, and failures in it are those of any migration.
    return List.of("swap", "--from", control("a"), "--to", control("b"), "--state-dir", state(),
        "--max-downtime", PATIENCE.toSeconds() + "s", "--no-pre-copy");
  }

  private String state() {
    return here.resolve("state").toString();
  }

  /** Returns the names of the steps of a swap that succeeds. */
  List<String> steps() throws Exception {
    List<String> steps = new ArrayList<>();
    try (ChildProcess command = start(SteppedSwap.ALL)) {
      for (String line = command.readLine(PATIENCE); line != null; line = command.readLine(PATIENCE)) {
        if (line.startsWith(SteppedSwap.REACHED)) {
          steps.add(line.substring(SteppedSwap.REACHED.length()));
        }
      }
      assertThat(command.await(PATIENCE)).as(command.stderrLines().toString()).isZero();
    }
    assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
    vmm.finish(1);
    return steps;
  }

  private ChildProcess start(String at) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(at));
    arguments.addAll(swapCommand());
    return ChildProcess.start(swapCommand(),
        SelfKillingProcess.command(List.of("-XX:TieredStopAtLevel=1"), SteppedSwap.class,
            arguments.toArray(String[]::new)),
        line -> {
        });
  }

  /** Runs the scenario and returns the outcome as text. */
  String run() throws Exception {
    if (fault == Fault.VMM_POSTS) {
      vmm.pause();
    }
    List<String> output;
    try (ChildProcess command = start(step)) {
      awaitStep(command);
      injectFault(command);
      int code = command.await(PATIENCE);
      output = command.stderrLines();
      assertThat(code).as(output.toString()).isIn(expectedExitCodes());
    }
    try {
      settle();
      return outcome();
    } catch (AssertionError e) {
      throw new AssertionError("%s%nthe command: %s%nthe old server: %s%nthe new server: %s".formatted(
          e.getMessage(), output, source.stderrLines(), target.stderrLines()), e);
    }
  }

  private void awaitStep(ChildProcess command) throws InterruptedException {
    String line = command.readLine(PATIENCE);
    while (line != null && !line.equals(SteppedSwap.REACHED + step)) {
      line = command.readLine(PATIENCE);
    }
    assertThat(line).as("the command did not come to '%s': %s", step, command.stderrLines()).isNotNull();
  }

  private Set<Integer> expectedExitCodes() {
    return fault == Fault.COMMAND_KILLED
        ? Set.of(SelfKillingProcess.KILLED)
        : Set.of(ExitCodes.SUCCESS, ExitCodes.FAILURE, ExitCodes.INTERVENTION_REQUIRED);
  }

  private void injectFault(ChildProcess command) throws IOException, InterruptedException {
    switch (fault) {
      case COMMAND_KILLED -> command.kill();
      case SOURCE_KILLED -> source.kill();
      case TARGET_KILLED -> target.kill();
      case COMMAND_STALLS -> stall(command.pid());
      case SOURCE_STALLS, TARGET_STALLS -> {
        long pid = (fault == Fault.SOURCE_STALLS ? source : target).pid();
        Signals.send(pid, "STOP");
        proceed(command); // The command meets a server that does not answer.
        TimeUnit.NANOSECONDS.sleep(STALL.toNanos());
        vmm.advancesWithin(STALL_MAX_HOLD); // On a busy machine the hold may have begun late: until it has expired.
        Signals.send(pid, "CONT");
        return;
      }
      case VMM_LEAVES -> vmm.leave();
      case VMM_POSTS -> vmm.startPosting(POSTED);
    }
    if (fault != Fault.COMMAND_KILLED) {
      proceed(command);
    }
  }

  private static void stall(long pid) throws IOException, InterruptedException {
    Signals.send(pid, "STOP");
    TimeUnit.NANOSECONDS.sleep(STALL.toNanos()); // The sleep is the fault.
    Signals.send(pid, "CONT");
  }

  private static void proceed(ChildProcess command) throws IOException {
    command.stdin().write('\n');
    command.stdin().flush();
  }

  /** Settles the ownership by the journals, as an operator does. */
  private void settle() throws IOException {
    CommandRun recovered = recover();
    if (recovered.exitCode() == ExitCodes.INTERVENTION_REQUIRED) {
      decide(recovered);
      recovered = recover();
    }
    assertThat(recovered.exitCode()).as(recovered.out() + recovered.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  private CommandRun recover() {
    return CommandRun.vfio4j("recover", "--json", "--state-dir", state());
  }

  /** Decides at the target, which cannot be asked: its server is gone. */
  private void decide(CommandRun recovered) {
    assertThat(target.isAlive()).as("undecided, although both servers are there: %s%s", recovered.out(),
        recovered.err()).isFalse();
    decided = true;
    Optional<JsonObject> open = recovered.events().stream()
        .filter(event -> event.get("event").getAsString().equals("open-migration"))
        .filter(event -> event.get("side").getAsString().equals("target")).findFirst();
    assertThat(open).as(recovered.out()).isPresent();
    CommandRun abandoned =
        CommandRun.vfio4j("recover", open.get().get("migration").getAsString(), "--abandon",
            "--state-dir", state());
    assertThat(abandoned.exitCode()).as(abandoned.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  private String outcome() throws Exception {
    if (fault == Fault.VMM_LEAVES) {
      requireFree(source, idleSource);
      requireFree(target, idleTarget);
      return "both servers are free";
    }
    if (decided && SERVING.contains(step)) {
      return "an operator decides: source, without what the new server has done";
    }
    if (!vmm.awaitRounds(ROUNDS)) {
      return lost();
    }
    boolean isSources = owner();
    vmm.finish(1);
    String side = isSources ? "source" : "target";
    return decided ? "an operator decides: " + side : side;
  }

  /** The VMM's connection has ended: with the server that had it. */
  private String lost() throws Exception {
    boolean isSources = !source.isAlive();
    assertThat(isSources || !target.isAlive()).as("a VMM lost its device, although no server was killed")
        .isTrue();
    requireFree(isSources ? target : source, isSources ? idleTarget : idleSource);
    return isSources ? "lost with the old server" : "lost with the new server";
  }

  /** Checks that exactly one server has the VMM's connection, and returns whether the source has it. */
  private boolean owner() throws Exception {
    boolean isSources = source.isAlive() && info("a").vmm().isPresent();
    ChildServer owner = isSources ? source : target;
    ChildServer other = isSources ? target : source;
    ControlInfo info = info(isSources ? "a" : "b");
    assertThat(info.vmm()).isPresent();
    assertThat(info.isHeld() || info.isStaged() || info.isSurrendered()).as(info.toString()).isFalse();
    assertThat(ServerDescriptors.of(owner.pid()).sockets()).containsAll(vmmSocket());
    if (other.isAlive()) {
      requireFree(other, isSources ? idleTarget : idleSource);
      assertThat(ServerDescriptors.of(other.pid()).sockets()).doesNotContainAnyElementsOf(vmmSocket());
    }
    awaitDescriptors(owner, withVmm(isSources ? idleSource : idleTarget));
    return isSources;
  }

  /** Checks that a server serves another VMM, with nothing of the device's state, and has no descriptors left. */
  private void requireFree(ChildServer server, ServerDescriptors idle) throws Exception {
    awaitDescriptors(server, idle.kinds());
    try (VfioUserClient next = awaitPlace(server.socket())) {
      assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
      assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMPLETED)).isZero();
    }
  }

  private static VfioUserClient awaitPlace(Path socket) throws DeviceException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return VfioUserClient.connect(socket, ClientOptions.DEFAULT);
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  /** Returns the kinds of descriptors of an idle server, and of the VMM's connection. */
  private List<String> withVmm(ServerDescriptors idle) {
    List<String> connection = new ArrayList<>(usedSource.kinds());
    idleSource.kinds().forEach(connection::remove);
    connection.addAll(idle.kinds());
    return connection.stream().sorted().toList();
  }

  private static void awaitDescriptors(ChildServer server, List<String> expected) throws IOException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    List<String> open = ServerDescriptors.of(server.pid()).kinds();
    while (!open.equals(expected) && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(POLL_NANOS);
      open = ServerDescriptors.of(server.pid()).kinds();
    }
    assertThat(open).as("descriptors of process %d", server.pid()).isEqualTo(expected);
  }

  @Override
  public void close() {
    vmm.close();
    source.close();
    target.close();
  }
}
