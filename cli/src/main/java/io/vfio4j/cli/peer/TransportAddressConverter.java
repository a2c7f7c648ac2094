// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.engine.transport.TransportAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses the address of a peer or listener for picocli. */
public final class TransportAddressConverter implements ITypeConverter<TransportAddress> {

  @Override
  public TransportAddress convert(String value) {
    try {
      return TransportAddress.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
