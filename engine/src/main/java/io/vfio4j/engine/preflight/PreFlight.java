// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.stream.DeviceFields;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.HelloFields;
import io.vfio4j.engine.util.RefusedException;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.Segmentation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The checks before a device is touched: of one side by itself, and of both sides against each other. What a HELLO field
 * contributes is in its declaration ({@link HelloFields}, {@link DeviceFields}); here are the checks of several devices.
 */
public final class PreFlight {

  private PreFlight() {
  }

  /** Requires that a side's devices can migrate, before the other side is contacted. */
  public static void requireReady(List<Hello.Device> devices, boolean noPeerDma) throws RefusedException {
    for (Hello.Device device : devices) {
      List<String> violations = DeviceFields.SET.violations(device);
      if (!violations.isEmpty()) {
        throw new RefusedException(violations.getFirst());
      }
    }
    Optional<String> p2p = p2pObjection(devices, noPeerDma);
    if (p2p.isPresent()) {
      throw new RefusedException(p2p.get());
    }
  }

  /** Refuses a migration if the comparison has objections. */
  public static void requireAccepted(Comparison comparison) throws RefusedException {
    List<String> reasons = comparison.objections();
    if (!reasons.isEmpty()) {
      throw new RefusedException(String.join("; ", reasons));
    }
  }

  /**
   * Compares both sides.
   *
   * @param noPeerDma whether no device accesses another's memory, or only the other side can know
   */
  public static Comparison compare(Hello source, Hello target, boolean noPeerDma) {
    List<Property> sides = new ArrayList<>(HelloFields.SET.compare(source, target));
    sides.add(count(source.devices().size(), target.devices().size()));
    if (Math.max(source.devices().size(), target.devices().size()) > 1) {
      sides.add(Property.checked("p2p", p2pSupport(source.devices()), p2pSupport(target.devices()),
          p2pObjection(source.devices(), noPeerDma)
              .or(() -> p2pObjection(target.devices(), noPeerDma))));
    }
    List<Pair> devices = new ArrayList<>();
    for (int i = 0; i < Math.max(source.devices().size(), target.devices().size()); i++) {
      devices.add(pair(deviceAt(i, source), deviceAt(i, target)));
    }
    return new Comparison(sides, devices, RegionMatcher.compare(source.memory(), target.memory()));
  }

  private static Property count(int source, int target) {
    return Property.checked("devices", Integer.toString(source), Integer.toString(target),
        source == target
            ? Optional.empty()
            : Optional.of("the source has %d devices, the target %d".formatted(source, target)));
  }

  private static Optional<Hello.Device> deviceAt(int number, Hello side) {
    return number < side.devices().size() ? Optional.of(side.devices().get(number)) : Optional.empty();
  }

  private static Pair pair(Optional<Hello.Device> source, Optional<Hello.Device> target) {
    return new Pair(source.map(device -> device.identity().name()),
        target.map(device -> device.identity().name()),
        source.isPresent() && target.isPresent()
            ? DeviceFields.SET.compare(source.get(), target.get())
            : List.of());
  }

  /** Several devices may access each other's memory; then all need a state in which they do not. */
  private static Optional<String> p2pObjection(List<Hello.Device> devices, boolean noPeerDma) {
    List<String> without = withoutP2p(devices).toList();
    return devices.size() == 1 || noPeerDma || without.isEmpty() ? Optional.empty() : Optional.of("""
        %s: no P2P states, so it cannot be kept from writing to a device that is stopped; if none of these %d \
        devices accesses another's memory, pass --no-peer-dma"""
        .formatted(String.join(", ", without), devices.size()));
  }

  private static String p2pSupport(List<Hello.Device> devices) {
    return withoutP2p(devices).findAny().isPresent() ? "not all have P2P states" : "all have P2P states";
  }

  private static Stream<String> withoutP2p(List<Hello.Device> devices) {
    return devices.stream().filter(device -> !device.features().has(MigrationFeature.P2P))
        .map(device -> device.identity().name());
  }

  /** Returns whether the source marks the ends of segments: if both devices have segments. */
  static boolean carriesSegments(Optional<Segmentation> source, Optional<Segmentation> target) {
    return source.isPresent() && target.isPresent();
  }

  /** Returns, for each device of a target, whether the source marks the ends of segments. */
  public static List<Boolean> carriesSegments(Hello source, DeviceGroup target, TaskWaiter waiter)
      throws IOException {
    return target.callAll("report its segments", waiter, device -> carriesSegments(
        source.devices().get(device.number()).segmentation(), device.device().segmentation()));
  }
}
