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

/** What the target says of itself and requires of the source, before a device is touched. */
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
   * What it takes besides devices and memory.
   *
   * @param codec for what comes compressed, if it does
   * @param extra the way to the connections that the source wants to make, if it does
   */
  public record Resources(Optional<Codec> codec, Optional<Connections.TransportSupplier> extra) {
  }

  /** Introduces the target to a source that moves. */
  public Resources run(Hello source) throws IOException {
    Hello introduction = sendHello(source);
    // Whether devices reach each other's memory is for the source to know.
    PreFlight.requireAccepted(PreFlight.compare(source, introduction, true));
    return resources(source);
  }

  /** Introduces the target to a source that only compares, and says what else there is against it. */
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
    Hello introduction = Hello.of(own, HelloRegions.ofTarget(deviceSet.memory()))
        .with(HelloFields.ACKNOWLEDGES_INITIAL_DATA, source.acknowledgesInitialData());
    connection.out().sendHello(introduction);
    return introduction;
  }

  private Resources resources(Hello source) throws IOException {
    Optional<Codec> codec = source.compression().isPresent()
        ? Optional.of(codecs.codec(source.compression().get()))
        : Optional.empty();
    if (source.channels().isEmpty() || source.channels().get().count() == 0) {
      return new Resources(codec, Optional.empty());
    }
    if (extra.isEmpty()) {
      throw new RefusedException("the source wants to connect more than once, which cannot be done here");
    }
    return new Resources(codec, extra);
  }
}
