// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The digest that END carries: SHA-256 over the headers of all previous frames, with their checksums. */
final class StreamDigest {

  static final int BYTES = 32;

  private final MessageDigest digest;

  StreamDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  void add(ByteBuffer header) {
    digest.update(header);
  }

  /** Returns the digest of what was added, and resets it. */
  byte[] finish() {
    return digest.digest();
  }
}
