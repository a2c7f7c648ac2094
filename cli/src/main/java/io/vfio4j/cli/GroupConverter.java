// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.conformance.Group;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a group of checks. */
final class GroupConverter implements ITypeConverter<Group> {

  /** The words that are accepted, for the completion of a shell. */
  static final class Words extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    Words() {
      super(Arrays.stream(Group.values()).map(Group::id).toList());
    }
  }

  @Override
  public Group convert(String value) {
    String id = value.strip().toLowerCase(Locale.ROOT).replace('_', '-');
    return Arrays.stream(Group.values()).filter(group -> group.id().equals(id)).findFirst()
        .orElseThrow(() -> new TypeConversionException("'%s' is no group of checks: give some of %s"
            .formatted(value,
                Arrays.stream(Group.values()).map(Group::id).collect(Collectors.joining(", ")))));
  }
}
