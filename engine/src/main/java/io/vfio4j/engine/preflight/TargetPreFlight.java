// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.ownership.FailureOrigin;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.HelloFields;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.RefusedException;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The pre-flight of the target: its HELLO, the comparison, and the requirements of the source. No device is touched. */
public final class TargetPreFlight {

  private final DeviceSet deviceSet;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final Optional<Connections.TransportSupplier> extra;
  private final Codecs codecs;
  private final TaskWaiter waiter;

  public TargetPreFlight(MigrationContext context, TaskWaiter waiter) {
    this.deviceSet = context.deviceSet();
    this.group = context.group();
    this.connection = context.connection();
    this.extra = context.extra();
    this.codecs = context.options().codecs();
    this.waiter = waiter;
  }

  /**
   * What the source's HELLO requires besides devices and memory.
   *
   * @param codec the codec of a compressed stream
   * @param extra accepts the extra connections, if the source opens any
   */
  public record Resources(Optional<Codec> codec, Optional<Connections.TransportSupplier> extra) {
  }

  /** Answers the HELLO of a migration. */
  public Resources run(Hello source) throws IOException {
    Hello hello = sendHello(source);
    // Only the source knows whether devices access each other's memory.
    PreFlight.requireAccepted(PreFlight.compare(source, hello, true));
    return resources(source);
  }

  /** Answers the HELLO of a comparison, and reports objections that are not in the HELLO. */
  public AcceptResult.DryRun compare(Hello source) throws IOException {
    try {
      sendHello(source);
    } catch (IOException e) {
      sendFailure(e);
      throw e;
    }
    try {
      resources(source);
    } catch (IOException e) {
      sendFailure(e);
    }
    return new AcceptResult.DryRun(source.program());
  }

  private void sendFailure(IOException failure) throws IOException {
    if (FailureOrigin.of(failure) == FailureOrigin.HERE) {
      connection.out().sendText(FrameKind.FAILED, Exceptions.message(failure));
    }
  }

  private Hello sendHello(Hello source) throws IOException {
    List<Hello.Device> own = group.describe(waiter);
    Hello hello = Hello.of(own, HelloRegions.ofTarget(deviceSet.memory()))
        .with(HelloFields.ACKNOWLEDGES_INITIAL_DATA, source.acknowledgesInitialData());
    connection.out().sendHello(hello);
    return hello;
  }

  private Resources resources(Hello source) throws IOException {
    Optional<Codec> codec = source.compression().isPresent()
        ? Optional.of(codecs.codec(source.compression().get()))
        : Optional.empty();
    if (source.channels().isEmpty() || source.channels().get().count() == 0) {
      return new Resources(codec, Optional.empty());
    }
    if (extra.isEmpty()) {
      throw new RefusedException("the source requires extra connections, which this target cannot accept");
    }
    return new Resources(codec, extra);
  }
}
