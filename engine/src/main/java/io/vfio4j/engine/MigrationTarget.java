// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;

/** The target's side of a migration. An interrupt of the thread that runs it cancels it. */
public final class MigrationTarget {

  private final MigratableDevice device;
  private final Transport transport;
  private final MigrationOptions options;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Makes a target; nothing happens before {@link #run}.
   *
   * @param device the device that receives the state, in RUNNING; it is not closed
   * @param transport the way to the source; {@link #run} closes it
   * @param options of these, the patience for the source is used
   * @param listener hears what happens
   */
  public MigrationTarget(MigratableDevice device, Transport transport, MigrationOptions options,
      MigrationListener listener) {
    this(device, transport, options, listener, NanoClock.SYSTEM);
  }

  MigrationTarget(MigratableDevice device, Transport transport, MigrationOptions options,
      MigrationListener listener,
      NanoClock clock) {
    this.device = device;
    this.transport = transport;
    this.options = options;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Receives the device. To be called once.
   *
   * @return what was done; the device runs here
   * @throws MigrationException if it failed; the device does not run with the source's state, or the text
   *     says that nobody can tell
   */
  public TargetReport run() throws MigrationException {
    Narrator narrator = new Narrator(Side.TARGET, clock, listener);
    try (Link link = new Link(transport, options.stallTimeout(), narrator);
        MovedDevice moved = new MovedDevice(device, narrator)) {
      return new TargetRun(moved, link, narrator).run();
    }
  }
}
