// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import javax.net.ssl.SSLEngine;

/**
 * The TLS of one connection.
 *
 * @param verifier verifies the peer's certificate, and records why it was rejected
 */
record TlsSession(SSLEngine engine, PeerVerifier verifier) {
}
