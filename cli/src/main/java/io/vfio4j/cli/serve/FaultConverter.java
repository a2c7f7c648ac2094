// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.devices.scratch.Fault;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a fault; its own text says what would be right. */
final class FaultConverter implements ITypeConverter<Fault> {

  @Override
  public Fault convert(String value) {
    try {
      return Fault.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
