// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A converter of option values that parses with a function, whose IllegalArgumentException is a usage error. */
public abstract class ParsingConverter<T> implements ITypeConverter<T> {

  private final Function<String, T> parser;

  /**
   * Creates a converter.
   *
   * @param parser throws IllegalArgumentException with a one-line message for an invalid value
   */
  protected ParsingConverter(Function<String, T> parser) {
    this.parser = parser;
  }

  @Override
  public final T convert(String value) {
    try {
      return parser.apply(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
