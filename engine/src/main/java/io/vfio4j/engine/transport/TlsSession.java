// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import javax.net.ssl.SSLEngine;

/**
 * One connection's TLS.
 *
 * @param engine the JDK's
 * @param verifier who judges the other side's certificate, and remembers what was wrong with it
 */
record TlsSession(SSLEngine engine, PeerVerifier verifier) {
}
