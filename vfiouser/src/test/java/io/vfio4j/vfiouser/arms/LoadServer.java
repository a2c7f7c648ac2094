// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.arms;

import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** A server of a {@link LoadDevice}. Its supertypes are the JDK's, because {@link ArmLoader} loads it a second time. */
public final class LoadServer implements AutoCloseable, Supplier<List<String>> {

  /** What the log has if a register was written while the state was being saved. */
  static final String WRITTEN = "a register was written in STOP_COPY";

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final LoadDevice device;
  private final VfioUserServer server;
  private final BackgroundTask<Boolean> run;

  public LoadServer(Path socket, Path control) throws Exception {
    device = new LoadDevice();
    server = VfioUserServer.listen(socket, device, ServerOptions.DEFAULT.withControl(control), log::add);
    run = BackgroundTask.start("load-server", () -> {
      server.run();
      return true;
    });
  }

  /** Returns the log, which is complete when this is closed. */
  @Override
  public List<String> get() {
    return List.copyOf(log);
  }

  @Override
  public void close() {
    server.close();
    try {
      run.result();
    } catch (Exception e) {
      throw new IllegalStateException("the server has failed", e);
    }
    if (device.isWrittenInStopCopy()) {
      log.add(WRITTEN);
    }
    device.close();
  }
}
