// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.ParsingConverter;

/** Parses a device address for picocli. */
public final class DeviceAddressConverter extends ParsingConverter<DeviceAddress> {

  /** Creates a converter, for picocli. */
  public DeviceAddressConverter() {
    super(DeviceAddress::parse);
  }
}
