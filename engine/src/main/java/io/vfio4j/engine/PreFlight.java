// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
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
final class PreFlight {

  private static final String NOT_SAID = "not said";

  private PreFlight() {
  }

  /** Requires of a side that its devices can leave, before anybody else is asked. */
  static void requireReady(List<Hello.Device> devices, boolean noPeerDma) throws RefusedException {
    for (Hello.Device device : devices) {
      refuse(notRunning(device));
      refuse(notMigratable(device));
    }
    refuse(withoutGrace(devices, noPeerDma));
  }

  private static void refuse(Optional<String> complaint) throws RefusedException {
    if (complaint.isPresent()) {
      throw new RefusedException(complaint.get());
    }
  }

  /** Refuses a migration for which the comparison found an obstacle. */
  static void requireToGo(Comparison comparison) throws RefusedException {
    List<String> reasons = comparison.refusals();
    if (!reasons.isEmpty()) {
      throw new RefusedException(String.join("; ", reasons));
    }
  }

  /**
   * Compares both sides.
   *
   * @param noPeerDma whether it is certain that no device reaches another's memory, or is not this side's to judge
   */
  static Comparison compare(Hello source, Hello target, boolean noPeerDma) {
    List<Property> sides = new ArrayList<>();
    sides.add(Property.shown("program", said(source.program()), said(target.program())));
    sides.add(count(source.devices().size(), target.devices().size()));
    if (Math.max(source.devices().size(), target.devices().size()) > 1) {
      sides.add(Property.judged("p2p", grace(source.devices()), grace(target.devices()),
          withoutGrace(source.devices(), noPeerDma)
              .or(() -> withoutGrace(target.devices(), noPeerDma))));
    }
    List<Pair> devices = new ArrayList<>();
    for (int i = 0; i < Math.max(source.devices().size(), target.devices().size()); i++) {
      devices.add(pair(at(i, source), at(i, target)));
    }
    return new Comparison(sides, devices, RegionAgreement.compare(source.memory(), target.memory()));
  }

  private static String said(String text) {
    return text.isEmpty() ? NOT_SAID : text;
  }

  private static Property count(int source, int target) {
    return Property.judged("devices", Integer.toString(source), Integer.toString(target),
        source == target ? Optional.empty()
            : Optional
                .of("the source moves %d devices, and the target has %d for them".formatted(source, target)));
  }

  private static Optional<Hello.Device> at(int number, Hello side) {
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
        Property.judged("ids", ours.ids(), theirs.ids(), otherKind(ours, theirs)),
        Property.shown("class", "%06x".formatted(ours.classCode()), "%06x".formatted(theirs.classCode())),
        Property.shown("driver", said(ours.driver()), said(theirs.driver())),
        Property.judged("features", source.features().toString(), target.features().toString(),
            notMigratable(source).or(() -> notMigratable(target))),
        Property.judged("interface", interfaceOf(source), interfaceOf(target), segments(source, target)),
        Property.judged("state", stateOf(source), stateOf(target),
            notRunning(source).or(() -> notRunning(target))),
        Property.judged("layout", layoutOf(source), layoutOf(target), otherLayout(source, target)),
        Property.shown("size", sizeOf(source), sizeOf(target)));
  }

  private static Optional<String> otherKind(DeviceIdentity source, DeviceIdentity target) {
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
    return device.state().map(Enum::name).orElse(NOT_SAID);
  }

  private static String layoutOf(Hello.Device device) {
    return device.layout().flatMap(StateLayout::text).orElse(NOT_SAID);
  }

  /** A target that says what it reads refuses any other state when it leaves RESUMING: too late, if it is known now. */
  private static Optional<String> otherLayout(Hello.Device source, Hello.Device target) {
    if (source.layout().isEmpty() || target.layout().isEmpty()) {
      return Optional.empty();
    }
    List<String> obstacles = source.layout().get().mismatches(target.layout().get());
    return obstacles.isEmpty() ? Optional.empty()
        : Optional.of("%s does not take the state of %s: %s".formatted(target.identity().name(),
            source.identity().name(), String.join("; ", obstacles)));
  }

  private static String sizeOf(Hello.Device device) {
    return device.stopCopyLength().isPresent() ? "about " + Words.bytes(device.stopCopyLength().getAsLong())
        : NOT_SAID;
  }

  /** Several devices may reach each other's memory, and then all need a state in which they do not. */
  private static Optional<String> withoutGrace(List<Hello.Device> devices, boolean noPeerDma) {
    List<String> without = withoutP2p(devices).toList();
    return devices.size() == 1 || noPeerDma || without.isEmpty() ? Optional.empty() : Optional.of("""
        %s: no P2P states, so that it cannot be kept from writing to a device that is stopped; if it is certain \
        that none of these %d devices reaches another's memory, say so (--no-peer-dma)"""
        .formatted(String.join(", ", without), devices.size()));
  }

  private static String grace(List<Hello.Device> devices) {
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
            .formatted(segments.isFixed() ? "fixed " : "", Words.bytes(segments.maxLength()))).orElse("");
  }

  /** Tells whether the ends of segments have to arrive: whether both devices have any. */
  static boolean carriesSegments(Optional<Segmentation> source, Optional<Segmentation> target) {
    return source.isPresent() && target.isPresent();
  }

  /** Tells that of each device of a target, and what the source says of its own. */
  static List<Boolean> carriesSegments(Hello source, DeviceGroup target, Waiting waiting)
      throws IOException {
    return target.all("tell its segments", waiting, device -> carriesSegments(
        source.devices().get(device.number()).segmentation(), device.device().segmentation()));
  }

  private static boolean isFixed(Hello.Device device) {
    return device.segmentation().filter(Segmentation::isFixed).isPresent();
  }

  private static int version(Hello.Device device) {
    return device.segmentation().isPresent() ? 1 : 2;
  }
}
