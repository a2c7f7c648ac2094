// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import io.vfio4j.conformance.report.CheckGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts the name of a group of checks that can be selected. */
final class CheckGroupConverter implements ITypeConverter<CheckGroup> {

  /** The group of a device in use has a run of its own. */
  private static final List<CheckGroup> GROUPS =
      Arrays.stream(CheckGroup.values()).filter(group -> group != CheckGroup.IN_USE).toList();

  /** The accepted words, for shell completion. */
  static final class Candidates extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    Candidates() {
      super(GROUPS.stream().map(CheckGroup::id).toList());
    }
  }

  @Override
  public CheckGroup convert(String value) {
    String id = value.strip().toLowerCase(Locale.ROOT).replace('_', '-');
    return GROUPS.stream().filter(group -> group.id().equals(id)).findFirst()
        .orElseThrow(() -> new TypeConversionException("'%s' is not a group of checks: expected any of %s"
            .formatted(value,
                GROUPS.stream().map(CheckGroup::id).collect(Collectors.joining(", ")))));
  }
}
