// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Features as the command line writes them. */
public final class FeatureNames {

  private FeatureNames() {
  }

  /** Returns the names of those that are there. */
  public static List<String> of(MigrationFeatures features) {
    return Arrays.stream(MigrationFeature.values()).filter(features::has)
        .map(feature -> feature.name().toLowerCase(Locale.ROOT)).toList();
  }
}
