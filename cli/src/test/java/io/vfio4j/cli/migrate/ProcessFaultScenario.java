// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.FrameProxy;
import io.vfio4j.cli.testing.KillableServer;
import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.MigrationSource;
import io.vfio4j.engine.migration.MigrationTarget;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A migration of a served device over a UNIX socket with a fault at a step. The side that is killed, and the servers, are
 * separate processes; everything else is in this one.
 */
final class ProcessFaultScenario implements AutoCloseable {

  /** The fault. */
  enum Fault {
    SOURCE("the source's process is killed"), TARGET("the target's process is killed"), SOURCE_SERVER(
        "the source's server is killed"),
    TARGET_SERVER("the target's server is killed"), CUT("the connection is cut"), STALL("it stalls"), DAMAGE(
        "it damages the next frame");

    final String title;

    Fault(String title) {
      this.title = title;
    }
  }

  private static final MigrationOptions OPTIONS = MigrationOptions.defaults()
      .withMaxDowntime(Duration.ofSeconds(30)).withStallTimeout(Duration.ofSeconds(30));

  /**
   * Long enough that a busy machine does not look like a stalled peer. A source that waits for the target to load notices a
   * stall only at its deadline.
   */
  private static final Duration STALL = Duration.ofSeconds(2);

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final Path here;
  private final String step;
  private final Fault fault;
  private final StateDirectory state;
  private final KillableServer source;
  private final KillableServer target;
  private final FrameProxy proxy;
  private final AtomicBoolean broken = new AtomicBoolean();
  private final CompletableFuture<Process> victim = new CompletableFuture<>();
  private final CompletableFuture<Void> listening = new CompletableFuture<>();

  /**
   * Sets up the scenario.
   *
   * @param here an empty directory
   * @param step the name of the engine's step at which the fault occurs
   */
  ProcessFaultScenario(Path here, String step, Fault fault) throws IOException, InterruptedException {
    this.here = here;
    this.step = step;
    this.fault = fault;
    state = StateDirectory.open(here.resolve("state"));
    source = KillableServer.start(here.resolve("a.sock"), fault == Fault.SOURCE_SERVER);
    target = KillableServer.start(here.resolve("b.sock"), fault == Fault.TARGET_SERVER);
    proxy = new FrameProxy(here.resolve("p.sock"), here.resolve("m.sock"));
  }

  /** Returns the options of both sides. */
  static MigrationOptions options(StateDirectory state) {
    return OPTIONS.withJournal(state);
  }

  private MigrationOptions options() {
    return fault == Fault.STALL
        ? options(state).withStallTimeout(STALL)
            .withPolicy(new DowntimePolicy(STALL.multipliedBy(2), WhenNotConverging.ABORT))
        : options(state);
  }

  /** Runs the scenario and returns the outcome as text. */
  String run() throws Exception {
    source.device().mark(OwnerLookup.MARK);
    OwnerLookup owner = new OwnerLookup(state, source, target);
    FutureTask<Void> receiving =
        new FutureTask<>(fault == Fault.TARGET ? this::receiveInChild : this::receive);
    Thread.ofPlatform().name("test-target").daemon().start(() -> {
      receiving.run();
      listening.complete(null); // Also after a failure, which is checked later.
    });
    listening.join();
    boolean isSources = fault == Fault.SOURCE ? sendInChild(receiving, owner) : send(receiving, owner);
    assertThat(broken).as("the step was reached").isTrue();
    return owner.outcome(isSources);
  }

  private Void receive() throws IOException {
    try (VfioUserClient client = target.device().connect();
        TransportListener listener =
            TransportListener.open(address("m.sock"), PeerPolicy.OWN_USER, refused -> {
            })) {
      listening.complete(null);
      new MigrationTarget(DeviceSet.of(client), Connections.accept(listener, TIMEOUT), options(),
          this::onEvent)
          .run();
    } catch (MigrationException e) {
      assertThat(e.getCause()).as("the original error").isNotNull();
    }
    return null;
  }

  private Void receiveInChild() throws IOException, InterruptedException {
    Process process = start(Side.TARGET, target, "m.sock");
    try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(said.readLine()).isEqualTo("listening");
      listening.complete(null);
      awaitDeath(process);
    }
    return null;
  }

  private boolean send(FutureTask<Void> receiving, OwnerLookup owner) throws Exception {
    try (VfioUserClient client = source.device().connect()) {
      try {
        new MigrationSource(DeviceSet.of(client),
            Connections.connect(address("p.sock"), PeerPolicy.OWN_USER, TIMEOUT), options(), Workload.NONE,
            this::onEvent).run();
      } catch (MigrationException e) {
        checkError(e);
      }
      receiving.get();
      boolean isSources = owner.settle(); // While the device is held open, as the command does.
      if (isSources && !source.isGone() && client.state() != DeviceState.RUNNING) {
        client.moveTo(DeviceState.RUNNING);
      }
      return isSources;
    }
  }

  /** The error names what is lost and on which side. */
  private void checkError(MigrationException e) {
    assertThat(e.getCause()).as("the original error").isNotNull();
    for (KillableServer server : List.of(source, target)) {
      if (server.isGone()) {
        assertThat(e).hasMessageContaining(server.socket() + " is lost");
      }
    }
  }

  private boolean sendInChild(FutureTask<Void> receiving, OwnerLookup owner) throws Exception {
    awaitDeath(start(Side.SOURCE, source, "p.sock"));
    receiving.get();
    return owner.settle();
  }

  private TransportAddress address(String socket) {
    return TransportAddress.parse("unix:" + here.resolve(socket));
  }

  private Process start(Side side, KillableServer server, String socket) throws IOException {
    Process process =
        SelfKillingProcess.start(SelfKillingSide.class, side.toString(), state.folder().toString(),
            server.socket().toString(), address(socket).toString(), step);
    victim.complete(process);
    return process;
  }

  /** A process kills itself at its own step; at a step of the other side it is killed here, or has ended. */
  private void awaitDeath(Process process) throws InterruptedException {
    int code = process.waitFor();
    assertThat(code).isIn(SelfKillingProcess.KILLED, 0);
    if (code == SelfKillingProcess.KILLED) {
      broken.set(true);
    }
  }

  private void onEvent(MigrationEvent event) {
    if (event.stepName().filter(step::equals).isPresent() && broken.compareAndSet(false, true)) {
      try {
        injectFault();
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private void injectFault() throws IOException, InterruptedException {
    switch (fault) {
      case SOURCE, TARGET -> {
        victim.join().toHandle().destroyForcibly();
        victim.join().waitFor();
      }
      case SOURCE_SERVER -> source.kill();
      case TARGET_SERVER -> target.kill();
      case CUT -> proxy.cut();
      case STALL -> proxy.stall();
      case DAMAGE -> proxy.damageNext();
    }
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    source.close();
    target.close();
  }
}
