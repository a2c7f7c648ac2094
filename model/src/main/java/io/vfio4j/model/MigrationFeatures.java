// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a device can do of migration.
 *
 * @param set the features; without {@link MigrationFeature#STOP_COPY} only the empty set is valid, that of a
 *     device that cannot migrate
 */
public record MigrationFeatures(Set<MigrationFeature> set) {

  /** A device that cannot migrate. */
  public static final MigrationFeatures NONE = new MigrationFeatures(Set.of());

  /** A device with every feature. */
  public static final MigrationFeatures ALL = new MigrationFeatures(EnumSet.allOf(MigrationFeature.class));

  /**
   * Checks that STOP_COPY is there whenever anything is.
   *
   * @throws IllegalArgumentException if features are given without STOP_COPY
   */
  public MigrationFeatures {
    set = Set.copyOf(set);
    if (!set.isEmpty() && !set.contains(MigrationFeature.STOP_COPY)) {
      throw new IllegalArgumentException("a device that migrates has STOP_COPY, but these are " + set);
    }
  }

  /** Returns a device's features: STOP_COPY and those given. */
  public static MigrationFeatures of(MigrationFeature... features) {
    EnumSet<MigrationFeature> set = EnumSet.of(MigrationFeature.STOP_COPY);
    set.addAll(List.of(features));
    return new MigrationFeatures(set);
  }

  /**
   * Reads the {@code flags} field of {@code struct vfio_device_feature_migration}.
   *
   * @param flags as received; bits that no feature is known for are ignored, for later kernels add some
   * @return the features, {@link #NONE} where the mandatory flag is missing
   */
  public static MigrationFeatures fromFlags(long flags) {
    if ((flags & MigrationFeature.STOP_COPY.flag()) == 0) {
      return NONE;
    }
    EnumSet<MigrationFeature> set = EnumSet.noneOf(MigrationFeature.class);
    for (MigrationFeature feature : MigrationFeature.values()) {
      if ((flags & feature.flag()) != 0) {
        set.add(feature);
      }
    }
    return new MigrationFeatures(set);
  }

  /**
   * Reads a list such as {@code p2p,pre_copy}; STOP_COPY is implied.
   *
   * @throws IllegalArgumentException if a part is no feature; the message is for people
   */
  public static MigrationFeatures parse(String list) {
    EnumSet<MigrationFeature> set = EnumSet.of(MigrationFeature.STOP_COPY);
    for (String part : list.isBlank() ? new String[0] : list.split("[,+]", -1)) {
      set.add(parseOne(part));
    }
    return new MigrationFeatures(set);
  }

  private static MigrationFeature parseOne(String name) {
    for (MigrationFeature feature : MigrationFeature.values()) {
      if (StateNames.normalize(feature.name()).equals(StateNames.normalize(name))) {
        return feature;
      }
    }
    throw new IllegalArgumentException(
        "%s is no feature; there are %s".formatted(name.strip(), List.of(MigrationFeature.values())));
  }

  /** Returns the {@code flags} field for these features. */
  public long flags() {
    long flags = 0;
    for (MigrationFeature feature : set) {
      flags |= feature.flag();
    }
    return flags;
  }

  /** Tells whether the device has a feature. */
  public boolean has(MigrationFeature feature) {
    return set.contains(feature);
  }

  /** Tells whether the device can migrate at all. */
  public boolean canMigrate() {
    return !set.isEmpty();
  }

  /** Tells whether a device with these features has a state. One that cannot migrate has only RUNNING. */
  public boolean supports(DeviceState state) {
    return switch (state) {
      case ERROR, STOP, RUNNING, STOP_COPY, RESUMING -> canMigrate() || state == DeviceState.RUNNING;
      case RUNNING_P2P -> has(MigrationFeature.P2P);
      case PRE_COPY -> has(MigrationFeature.PRE_COPY);
      case PRE_COPY_P2P -> has(MigrationFeature.P2P) && has(MigrationFeature.PRE_COPY);
    };
  }

  /** Returns the names in the order of their flags, as in {@code STOP_COPY+P2P+PRE_COPY}, or {@code none}. */
  @Override
  public String toString() {
    List<String> names = new ArrayList<>();
    for (MigrationFeature feature : MigrationFeature.values()) {
      if (has(feature)) {
        names.add(feature.name());
      }
    }
    return names.isEmpty() ? "none" : String.join("+", names);
  }
}
