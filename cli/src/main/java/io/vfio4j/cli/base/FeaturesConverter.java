// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.util.EnumSet;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses migration features: names separated by commas (STOP_COPY is implied), {@code none} or {@code all}. */
public final class FeaturesConverter implements ITypeConverter<MigrationFeatures> {

  @Override
  public MigrationFeatures convert(String value) {
    String text = value.strip().toLowerCase(Locale.ROOT);
    if (text.equals("none")) {
      return MigrationFeatures.NONE;
    }
    if (text.equals("all")) {
      return MigrationFeatures.ALL;
    }
    EnumSet<MigrationFeature> set = EnumSet.of(MigrationFeature.STOP_COPY);
    for (String name : text.split(",", -1)) {
      set.add(feature(name.strip()));
    }
    return new MigrationFeatures(set);
  }

  private static MigrationFeature feature(String name) {
    return switch (name.replace('-', '_')) {
      case "stop_copy" -> MigrationFeature.STOP_COPY;
      case "p2p" -> MigrationFeature.P2P;
      case "pre_copy" -> MigrationFeature.PRE_COPY;
      default -> throw new TypeConversionException(
          "'%s' is not a migration feature; expected stop_copy, p2p, pre_copy, all or none".formatted(name));
    };
  }
}
