// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The migration features of a device.
 *
 * @param set the features: empty for a device that cannot migrate, otherwise with {@link
 *     MigrationFeature#STOP_COPY}
 */
public record MigrationFeatures(Set<MigrationFeature> set) {

  /** A device that cannot migrate. */
  public static final MigrationFeatures NONE = new MigrationFeatures(Set.of());

  /** A device with every feature. */
  public static final MigrationFeatures ALL = new MigrationFeatures(EnumSet.allOf(MigrationFeature.class));

  /**
   * @throws IllegalArgumentException if there are features but not STOP_COPY
   */
  public MigrationFeatures {
    set = Set.copyOf(set);
    if (!set.isEmpty() && !set.contains(MigrationFeature.STOP_COPY)) {
      throw new IllegalArgumentException("STOP_COPY is mandatory, but missing from " + set);
    }
  }

  /** Returns a set of features: STOP_COPY and those given. */
  public static MigrationFeatures of(MigrationFeature... features) {
    EnumSet<MigrationFeature> set = EnumSet.of(MigrationFeature.STOP_COPY);
    set.addAll(List.of(features));
    return new MigrationFeatures(set);
  }

  /**
   * Decodes the {@code flags} field of {@code struct vfio_device_feature_migration}.
   *
   * @param flags the field as received; unknown bits are ignored, since later kernels add some
   * @return the features; {@link #NONE} if the mandatory flag is missing
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
   * Parses a list such as {@code p2p,pre_copy}; STOP_COPY is implied.
   *
   * @throws IllegalArgumentException if there is no such feature; the message lists the features
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
        "unknown feature %s (expected one of %s)".formatted(name.strip(),
            List.of(MigrationFeature.values())));
  }

  /** Encodes the features as the {@code flags} field. */
  public long flags() {
    long flags = 0;
    for (MigrationFeature feature : set) {
      flags |= feature.flag();
    }
    return flags;
  }

  /** Returns whether the device has a feature. */
  public boolean has(MigrationFeature feature) {
    return set.contains(feature);
  }

  /** Returns whether the device can migrate. */
  public boolean canMigrate() {
    return !set.isEmpty();
  }

  /**
   * Returns whether a device with these features has a state. A device that cannot migrate has RUNNING only.
   */
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
