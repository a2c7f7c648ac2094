// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.util.RefusedException;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.engine.util.Units;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What must hold before a device is touched: of one side by itself, and of both beside each other. */
public final class PreFlight {

  private static final String NOT_REPORTED = "not said";

  private PreFlight() {
  }

  /** Requires of a side that its devices can leave, before anybody else is asked. */
  public static void requireReady(List<Hello.Device> devices, boolean noPeerDma) throws RefusedException {
    for (Hello.Device device : devices) {
      requireNone(notRunning(device));
      requireNone(notMigratable(device));
    }
    requireNone(p2pObjection(devices, noPeerDma));
  }

  private static void requireNone(Optional<String> complaint) throws RefusedException {
    if (complaint.isPresent()) {
      throw new RefusedException(complaint.get());
    }
  }

  /** Refuses a migration for which the comparison found an obstacle. */
  public static void requireAccepted(Comparison comparison) throws RefusedException {
    List<String> reasons = comparison.objections();
    if (!reasons.isEmpty()) {
      throw new RefusedException(String.join("; ", reasons));
    }
  }

  /**
   * Compares both sides.
   *
   * @param noPeerDma whether it is certain that no device reaches another's memory, or is not this side's to judge
   */
  public static Comparison compare(Hello source, Hello target, boolean noPeerDma) {
    List<Property> sides = new ArrayList<>();
    sides.add(
        Property.informative("program", orNotReported(source.program()), orNotReported(target.program())));
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

  private static String orNotReported(String text) {
    return text.isEmpty() ? NOT_REPORTED : text;
  }

  private static Property count(int source, int target) {
    return Property.checked("devices", Integer.toString(source), Integer.toString(target),
        source == target ? Optional.empty()
            : Optional
                .of("the source moves %d devices, and the target has %d for them".formatted(source, target)));
  }

  private static Optional<Hello.Device> deviceAt(int number, Hello side) {
    return number < side.devices().size() ? Optional.of(side.devices().get(number)) : Optional.empty();
  }

  private static Pair pair(Optional<Hello.Device> source, Optional<Hello.Device> target) {
    return new Pair(source.map(device -> device.identity().name()),
        target.map(device -> device.identity().name()),
        source.isPresent() && target.isPresent() ? properties(source.get(), target.get()) : List.of());
  }

  private static List<Property> properties(Hello.Device source, Hello.Device target) {
    DeviceIdentity ours = source.identity();
    DeviceIdentity theirs = target.identity();
    return List.of(
        Property.checked("ids", ours.ids(), theirs.ids(), kindMismatch(ours, theirs)),
        Property.informative("class", "%06x".formatted(ours.classCode()),
            "%06x".formatted(theirs.classCode())),
        Property.informative("driver", orNotReported(ours.driver()), orNotReported(theirs.driver())),
        Property.checked("features", source.features().toString(), target.features().toString(),
            notMigratable(source).or(() -> notMigratable(target))),
        Property.checked("interface", interfaceOf(source), interfaceOf(target), segments(source, target)),
        Property.checked("state", stateOf(source), stateOf(target),
            notRunning(source).or(() -> notRunning(target))),
        Property.checked("layout", layoutOf(source), layoutOf(target), layoutMismatch(source, target)),
        Property.informative("size", sizeOf(source), sizeOf(target)));
  }

  private static Optional<String> kindMismatch(DeviceIdentity source, DeviceIdentity target) {
    return source.isSameKind(target) ? Optional.empty()
        : Optional.of("the devices differ: %s is %s, %s is %s".formatted(source.name(), source.ids(),
            target.name(), target.ids()));
  }

  private static Optional<String> notMigratable(Hello.Device device) {
    return device.features().canMigrate() ? Optional.empty()
        : Optional.of(device.identity().name() + " offers no migration (no STOP_COPY)");
  }

  private static Optional<String> notRunning(Hello.Device device) {
    return device.state().filter(state -> state != DeviceState.RUNNING)
        .map(
            state -> "%s is in %s; a migration begins in RUNNING".formatted(device.identity().name(), state));
  }

  private static String stateOf(Hello.Device device) {
    return device.state().map(Enum::name).orElse(NOT_REPORTED);
  }

  private static String layoutOf(Hello.Device device) {
    return device.layout().flatMap(StateLayout::text).orElse(NOT_REPORTED);
  }

  /** A target that says what it reads refuses any other state when it leaves RESUMING: too late, if it is known now. */
  private static Optional<String> layoutMismatch(Hello.Device source, Hello.Device target) {
    if (source.layout().isEmpty() || target.layout().isEmpty()) {
      return Optional.empty();
    }
    List<String> obstacles = source.layout().get().mismatches(target.layout().get());
    return obstacles.isEmpty() ? Optional.empty()
        : Optional.of("%s does not take the state of %s: %s".formatted(target.identity().name(),
            source.identity().name(), String.join("; ", obstacles)));
  }

  private static String sizeOf(Hello.Device device) {
    return device.stopCopyLength().isPresent() ? "about " + Units.bytes(device.stopCopyLength().getAsLong())
        : NOT_REPORTED;
  }

  /** Several devices may reach each other's memory, and then all need a state in which they do not. */
  private static Optional<String> p2pObjection(List<Hello.Device> devices, boolean noPeerDma) {
    List<String> without = withoutP2p(devices).toList();
    return devices.size() == 1 || noPeerDma || without.isEmpty() ? Optional.empty() : Optional.of("""
        %s: no P2P states, so that it cannot be kept from writing to a device that is stopped; if it is certain \
        that none of these %d devices reaches another's memory, say so (--no-peer-dma)"""
        .formatted(String.join(", ", without), devices.size()));
  }

  private static String p2pSupport(List<Hello.Device> devices) {
    return withoutP2p(devices).findAny().isPresent() ? "not all have P2P states" : "all have P2P states";
  }

  private static Stream<String> withoutP2p(List<Hello.Device> devices) {
    return devices.stream().filter(device -> !device.features().has(MigrationFeature.P2P))
        .map(device -> device.identity().name());
  }

  /** Version 1 and version 2 of the interface carry the same state only where the device says so. */
  private static Optional<String> segments(Hello.Device source, Hello.Device target) {
    boolean isFixed = isFixed(source) || isFixed(target);
    if (carriesSegments(source.segmentation(), target.segmentation())) {
      long longest = source.segmentation().map(Segmentation::maxLength).orElse(0L);
      long room = target.segmentation().map(Segmentation::maxLength).orElse(0L);
      return longest <= room || !isFixed ? Optional.empty()
          : Optional.of("%s may send segments of %d bytes, and the migration region of %s has room for %d"
              .formatted(source.identity().name(), longest, target.identity().name(), room));
    }
    return isFixed
        ? Optional
            .of("%s is driven by version %d of the migration interface and %s by version %d, and nothing "
                .formatted(source.identity().name(), version(source), target.identity().name(),
                    version(target))
                + "says that the state of one is that of the other")
        : Optional.empty();
  }

  private static String interfaceOf(Hello.Device device) {
    return "version " + version(device)
        + device.segmentation().map(segments -> ", %ssegments of up to %s"
            .formatted(segments.isFixed() ? "fixed " : "", Units.bytes(segments.maxLength()))).orElse("");
  }

  /** Tells whether the ends of segments have to arrive: whether both devices have any. */
  static boolean carriesSegments(Optional<Segmentation> source, Optional<Segmentation> target) {
    return source.isPresent() && target.isPresent();
  }

  /** Tells that of each device of a target, and what the source says of its own. */
  public static List<Boolean> carriesSegments(Hello source, DeviceGroup target, TaskWaiter waiter)
      throws IOException {
    return target.callAll("tell its segments", waiter, device -> carriesSegments(
        source.devices().get(device.number()).segmentation(), device.device().segmentation()));
  }

  private static boolean isFixed(Hello.Device device) {
    return device.segmentation().filter(Segmentation::isFixed).isPresent();
  }

  private static int version(Hello.Device device) {
    return device.segmentation().isPresent() ? 1 : 2;
  }
}
