// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;

/** Forwards everything; a test overrides what it disturbs. */
public class ForwardingTransport extends FilterTransport {

  private final Transport inner;

  public ForwardingTransport(Transport inner) {
    this.inner = inner;
  }

  @Override
  final Transport delegate() {
    return inner;
  }
}
