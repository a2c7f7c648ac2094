// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.ParsingConverter;
import io.vfio4j.engine.transport.TransportAddress;

/** Parses the address of a peer or listener for picocli. */
public final class TransportAddressConverter extends ParsingConverter<TransportAddress> {

  /** Creates a converter, for picocli. */
  public TransportAddressConverter() {
    super(TransportAddress::parse);
  }
}
