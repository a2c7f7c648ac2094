// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Names of features in output: migration features in lower case, device features by the kernel's names. */
public final class FeatureNames {

  /** {@code VFIO_DEVICE_FEATURE_*} (uapi/linux/vfio.h), by number. */
  private static final List<String> KERNEL = List.of("PCI_VF_TOKEN", "MIGRATION", "MIG_DEVICE_STATE",
      "LOW_POWER_ENTRY", "LOW_POWER_ENTRY_WITH_WAKEUP", "LOW_POWER_EXIT", "DMA_LOGGING_START",
      "DMA_LOGGING_STOP", "DMA_LOGGING_REPORT", "MIG_DATA_SIZE", "BUS_MASTER", "DMA_BUF",
      "MIG_PRECOPY_INFOv2");

  private FeatureNames() {
  }

  /** Returns the names of the features that a device offers; a feature that this class does not know is a number. */
  public static List<String> of(OfferedFeatures offered) {
    return offered.numbers().stream()
        .map(number -> number < KERNEL.size() ? KERNEL.get(number) : number + " (unknown)").toList();
  }

  /** Returns the names of the migration features in a set. */
  public static List<String> of(MigrationFeatures features) {
    return Arrays.stream(MigrationFeature.values()).filter(features::has)
        .map(feature -> feature.name().toLowerCase(Locale.ROOT)).toList();
  }
}
