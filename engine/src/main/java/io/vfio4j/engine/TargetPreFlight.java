// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What the target says of itself and requires of the source, before a device is touched. */
final class TargetPreFlight {

  private final Ensemble ensemble;
  private final DeviceGroup group;
  private final Link link;
  private final Optional<Connections.Further> further;
  private final Codecs codecs;
  private final Waiting waiting;

  TargetPreFlight(Ensemble ensemble, DeviceGroup group, Link link, Optional<Connections.Further> further,
      Codecs codecs, Waiting waiting) {
    this.ensemble = ensemble;
    this.group = group;
    this.link = link;
    this.further = further;
    this.codecs = codecs;
    this.waiting = waiting;
  }

  /**
   * What it takes besides devices and memory.
   *
   * @param codec for what comes compressed, if it does
   * @param further the way to the connections that the source wants to make, if it does
   */
  record Means(Optional<Codec> codec, Optional<Connections.Further> further) {
  }

  /** Introduces the target to a source that moves. */
  Means run(Hello source) throws IOException {
    Hello introduction = introduce(source);
    // Whether devices reach each other's memory is for the source to know.
    PreFlight.requireToGo(PreFlight.compare(source, introduction, true));
    return means(source);
  }

  /** Introduces the target to a source that only compares, and says what else there is against it. */
  Arrival.Compared compare(Hello source) throws IOException {
    try {
      introduce(source);
    } catch (IOException e) {
      tell(e);
      throw e;
    }
    try {
      means(source);
    } catch (IOException e) {
      tell(e);
    }
    return new Arrival.Compared(source.program());
  }

  private void tell(IOException failure) throws IOException {
    if (FailureOrigin.of(failure) == FailureOrigin.HERE) {
      link.out().sendText(FrameKind.FAILED, Suppression.message(failure));
    }
  }

  private Hello introduce(Hello source) throws IOException {
    List<Hello.Device> own = group.introduce(waiting);
    Hello introduction = Hello.of(own, HelloRegions.ofTarget(ensemble.memory()))
        .withAcknowledgement(source.acknowledges());
    link.out().sendHello(introduction);
    return introduction;
  }

  private Means means(Hello source) throws IOException {
    Optional<Codec> codec = source.compression().isPresent()
        ? Optional.of(codecs.codec(source.compression().get()))
        : Optional.empty();
    if (source.channels().isEmpty() || source.channels().get().count() == 0) {
      return new Means(codec, Optional.empty());
    }
    if (further.isEmpty()) {
      throw new RefusedException("the source wants to connect more than once, which cannot be done here");
    }
    return new Means(codec, further);
  }
}
