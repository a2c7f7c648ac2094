// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a device address for picocli. */
public final class DeviceAddressConverter implements ITypeConverter<DeviceAddress> {

  @Override
  public DeviceAddress convert(String value) {
    try {
      return DeviceAddress.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
