// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.Segmentation;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What must hold before a device is touched. */
final class PreFlight {

  private PreFlight() {
  }

  /** Requires that of all that say where they are. */
  static void requireRunning(List<Hello.Device> devices) throws RefusedException {
    for (Hello.Device device : devices) {
      Optional<DeviceState> elsewhere = device.state().filter(state -> state != DeviceState.RUNNING);
      if (elsewhere.isPresent()) {
        throw new RefusedException("%s is in %s; a migration begins in RUNNING"
            .formatted(device.identity().name(), elsewhere.get()));
      }
    }
  }

  static void requireMigratable(List<Hello.Device> devices) throws RefusedException {
    for (Hello.Device device : devices) {
      requireMigratable(device);
    }
  }

  /** Several devices may reach each other's memory, and then all need a state in which they do not. */
  static void requireGraceStates(List<Hello.Device> devices, boolean noPeerDma) throws RefusedException {
    if (devices.size() == 1 || noPeerDma) {
      return;
    }
    List<String> without = devices.stream().filter(device -> !device.features().has(MigrationFeature.P2P))
        .map(device -> device.identity().name()).toList();
    if (!without.isEmpty()) {
      throw new RefusedException("""
          %s: no P2P states, so that it cannot be kept from writing to a device that is stopped; if it is certain \
          that none of these %d devices reaches another's memory, say so (--no-peer-dma)"""
          .formatted(String.join(", ", without), devices.size()));
    }
  }

  private static void requireMigratable(Hello.Device device) throws RefusedException {
    if (!device.features().canMigrate()) {
      throw new RefusedException(device.identity().name() + " offers no migration (no STOP_COPY)");
    }
  }

  static void requireMatch(Hello source, Hello target) throws RefusedException {
    requireMatch(source.devices(), target.devices());
    requireSameMemory(source.memory(), target.memory());
  }

  static void requireSameMemory(List<HelloRegion> source, List<HelloRegion> target) throws RefusedException {
    List<String> differences = RegionAgreement.differences(source, target);
    if (!differences.isEmpty()) {
      throw new RefusedException("the memory differs: " + String.join("; ", differences));
    }
  }

  private static void requireMatch(List<Hello.Device> source, List<Hello.Device> target)
      throws RefusedException {
    if (source.size() != target.size()) {
      throw new RefusedException("the source moves %d devices, and the target has %d for them"
          .formatted(source.size(), target.size()));
    }
    for (int i = 0; i < source.size(); i++) {
      requireMatch(source.get(i), target.get(i));
    }
  }

  private static void requireMatch(Hello.Device source, Hello.Device target) throws RefusedException {
    requireMigratable(source);
    requireMigratable(target);
    if (!source.identity().isSameKind(target.identity())) {
      throw new RefusedException("the devices differ: %s is %s, %s is %s".formatted(source.identity().name(),
          source.identity().ids(), target.identity().name(), target.identity().ids()));
    }
    requireSegments(source, target);
  }

  /** Version 1 and version 2 of the interface carry the same state only where the device says so. */
  private static void requireSegments(Hello.Device source, Hello.Device target) throws RefusedException {
    if (carriesSegments(source.segmentation(), target.segmentation())) {
      long longest = source.segmentation().map(Segmentation::longest).orElse(0L);
      long room = target.segmentation().map(Segmentation::longest).orElse(0L);
      if (longest > room && (isFixed(source) || isFixed(target))) {
        throw new RefusedException(
            "%s may send segments of %d bytes, and the migration region of %s has room for %d".formatted(
                source.identity().name(), longest, target.identity().name(), room));
      }
    } else if (isFixed(source) || isFixed(target)) {
      throw new RefusedException(
          "%s is driven by version %d of the migration interface and %s by version %d, and nothing says that "
              .formatted(source.identity().name(), version(source), target.identity().name(), version(target))
              + "the state of one is that of the other");
    }
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
