// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.client.VfioUserProbe;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** A scratch device served by its own thread, with a probe connected through a socket. */
final class ServedScratch implements AutoCloseable {

  private static final long MEMORY = 64 << 10;
  /** A memory size whose state takes several messages even if they are small. */
  private static final long SMALL_MEMORY = 8 << 10;

  private final ScratchDevice device;
  private final VfioUserServer server;
  private final CompletableFuture<Void> serverEnd;
  private final VfioUserProbe probe;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();

  private ServedScratch(Path folder, ScratchConfig config, ConnectionVariant connection) throws IOException {
    device = new ScratchDevice(config);
    Path path = folder.resolve("scratch");
    server = VfioUserServer.listen(path, device, connection.server(), log::add);
    serverEnd = CompletableFuture.runAsync(this::serve, task -> new Thread(task, "test-server").start());
    probe = VfioUserProbe.connect(path, connection.client()).withMemory(connection.memory());
  }

  private void serve() {
    try {
      server.run();
    } catch (LinuxException e) {
      log.add(e.getMessage());
    }
  }

  static ServedScratch with(Path folder, MigrationFeatures features, ConnectionVariant connection)
      throws IOException {
    return new ServedScratch(folder, config().withMemorySize(SMALL_MEMORY).withFeatures(features),
        connection);
  }

  static ServedScratch with(Path folder, MigrationFeatures features, MigrationVersions versions)
      throws IOException {
    return new ServedScratch(folder, config().withFeatures(features),
        ConnectionVariant.DEFAULT.with(versions));
  }

  static ServedScratch with(Path folder, String... faults) throws IOException {
    return new ServedScratch(folder,
        config().withFaults(List.of(faults).stream().map(Fault::parse).toList()), ConnectionVariant.DEFAULT);
  }

  private static ScratchConfig config() {
    return ScratchConfig.named("scratch").withMemorySize(MEMORY);
  }

  ConformanceReport runSuite(ConformanceOptions options) throws IOException {
    return ConformanceSuite.run(DeviceUnderTest.of(probe), options, ConformanceListener.NONE);
  }

  BlockingQueue<String> log() {
    return log;
  }

  @Override
  public void close() {
    probe.close();
    server.close();
    serverEnd.join();
    device.close();
  }
}
