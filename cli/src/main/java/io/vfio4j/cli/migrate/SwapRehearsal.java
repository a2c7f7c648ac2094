// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.TemporaryFolder;
import io.vfio4j.cli.recover.SwapJournal;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Swaps of a small device between two servers in this process. A VM waits for what a swap does between the stop of its
 * device and the start of the other one. In a process that has just started, most of that time would be spent loading and
 * linking code; after a rehearsal that is done.
 */
public final class SwapRehearsal {

  private static final long MEMORY = 64 << 10;
  private static final int SWAPS = 4;
  /** Without limits: on a busy machine, the first swap takes long. */
  private static final MigrationOptions OPTIONS =
      MigrationOptions.builder().preCopy(false).maxDowntime(Duration.ofMinutes(1)).build();
  private static final AtomicBoolean IS_DONE = new AtomicBoolean();

  private final Path folder;

  /**
   * Creates a rehearsal.
   *
   * @param folder a folder for its sockets and journals, without others' files
   */
  SwapRehearsal(Path folder) {
    this.folder = folder;
  }

  /**
   * Rehearses in a temporary folder, unless this process has done so before. If that fails, the pause of the first swap is
   * longer, and nothing else: the failure is returned for output.
   */
  public static Optional<String> once() {
    if (IS_DONE.getAndSet(true)) {
      return Optional.empty();
    }
    try (TemporaryFolder folder = new TemporaryFolder("vfio4j-swap-")) {
      new SwapRehearsal(folder.path()).run(SWAPS);
      return Optional.empty();
    } catch (IOException | UncheckedIOException | MigrationException e) {
      return Optional.of(ErrorMessages.describe(e));
    }
  }

  /**
   * Swaps back and forth.
   *
   * @param swaps how many times
   * @throws IOException if a server cannot be started or reached
   * @throws MigrationException if a swap failed
   */
  void run(int swaps) throws IOException, MigrationException {
    StateDirectory state = StateDirectory.open(folder.resolve("state")).forOneHost();
    try (Server one = new Server("one");
        Server other = new Server("other");
        VfioUserClient _ = VfioUserClient.connect(one.socket(), ClientOptions.DEFAULT)) {
      for (int i = 0; i < swaps; i++) {
        if (i % 2 == 0) {
          swap(one, other, state);
        } else {
          swap(other, one, state);
        }
      }
    }
  }

  private static void swap(Server from, Server to, StateDirectory state)
      throws IOException, MigrationException {
    try (ControlClient target = to.control(); ControlClient source = from.control()) {
      long token = source.info().token();
      MigrationOptions options =
          OPTIONS.withJournal(new SwapJournal(new AbsoluteAddressJournal(state),
              new SwapJournal.Swapped(token, target.info().server())));
      LocalMigration.run(
          DeviceSet.of(source.device())
              .withHandover(new ConnectionHandover(source, target, token, SwapObserver.NONE)),
          DeviceSet.of(target.device()), options, Workload.NONE, MigrationListener.NONE);
    }
  }

  /** A server in a thread of this process. */
  private final class Server implements AutoCloseable {

    private final Path socket;
    private final Path controlSocket;
    private final ScratchDevice device;
    private final VfioUserServer server;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    Server(String name) throws IOException {
      socket = folder.resolve(name + ".sock");
      controlSocket = folder.resolve(name + ".control");
      device = new ScratchDevice(ScratchConfig.named(name).withMemorySize(MEMORY).withPassesMemory(true));
      try {
        server =
            VfioUserServer.listen(socket, device, ServerOptions.DEFAULT.withControl(controlSocket), line -> {
            });
      } catch (IOException | RuntimeException e) {
        device.close();
        throw e;
      }
      // If it fails, so does the rehearsal's use of it.
      Future<?> _ = thread.submit(() -> {
        server.run();
        return null;
      });
    }

    Path socket() {
      return socket;
    }

    ControlClient control() throws IOException {
      return ControlClient.connect(controlSocket, ClientOptions.DEFAULT);
    }

    @Override
    public void close() {
      server.close();
      thread.close();
      device.close();
    }
  }
}
