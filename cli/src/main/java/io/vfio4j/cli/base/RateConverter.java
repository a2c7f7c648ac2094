// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import picocli.CommandLine.ITypeConverter;

/** Parses a rate: a size per second, with or without {@code /s}. */
public final class RateConverter implements ITypeConverter<Long> {

  @Override
  public Long convert(String value) {
    String size = value.strip();
    return SizeConverter.parse(size.endsWith("/s") ? size.substring(0, size.length() - 2) : size,
        "expected bytes per second, such as 500k, 100m or 1g/s");
  }
}
