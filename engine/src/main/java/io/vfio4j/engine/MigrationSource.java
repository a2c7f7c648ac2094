// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;

/**
 * The source's side of a migration. An interrupt of the thread that runs it cancels it; between
 * <em>yours</em> and
 * <em>confirmed</em>, where nothing can be cancelled any more, it ends the waiting and leaves the ownership
 * unknown.
 */
public final class MigrationSource {

  private final MigratableDevice device;
  private final Transport transport;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Makes a source; nothing happens before {@link #run}.
   *
   * @param device the device that leaves, in RUNNING; it is not closed
   * @param transport the way to the target; {@link #run} closes it
   * @param options how to do it
   * @param workload what drives the device
   * @param listener hears what happens
   */
  public MigrationSource(MigratableDevice device, Transport transport, MigrationOptions options,
      Workload workload,
      MigrationListener listener) {
    this(device, transport, options, workload, listener, NanoClock.SYSTEM);
  }

  MigrationSource(MigratableDevice device, Transport transport, MigrationOptions options, Workload workload,
      MigrationListener listener, NanoClock clock) {
    this.device = device;
    this.transport = transport;
    this.options = options;
    this.workload = workload;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Moves the device. To be called once.
   *
   * @return what was done; the device runs at the target, and this one is in STOP
   * @throws MigrationException if it failed; it says where the device is now
   */
  public MigrationReport run() throws MigrationException {
    Narrator narrator = new Narrator(Side.SOURCE, clock, listener);
    try (Link link = new Link(transport, options.stallTimeout(), narrator);
        MovedDevice moved = new MovedDevice(device, narrator)) {
      return new SourceRun(moved, link, options, new PausableWorkload(workload), narrator).run();
    }
  }
}
