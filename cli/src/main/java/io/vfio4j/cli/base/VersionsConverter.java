// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.vfiouser.server.MigrationVersions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses the versions of the migration interface that a device offers: {@code v1}, {@code v2} or {@code both}. */
public final class VersionsConverter implements ITypeConverter<MigrationVersions> {

  /** The accepted values, for shell completion. */
  public static final class Candidates extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    Candidates() {
      super(List.of("v1", "v2", "both"));
    }
  }

  @Override
  public MigrationVersions convert(String value) {
    return switch (value.strip().toLowerCase(Locale.ROOT)) {
      case "v1" -> MigrationVersions.V1;
      case "v2" -> MigrationVersions.V2;
      case "both" -> MigrationVersions.BOTH;
      default -> throw new TypeConversionException(
          "'%s' is not a version; expected v1, v2 or both".formatted(value));
    };
  }
}
