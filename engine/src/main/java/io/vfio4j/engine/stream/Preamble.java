// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.StreamVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The beginning of a stream, in each direction; frames follow. Little-endian.
 *
 * <pre>
 *  0  8 bytes  magic, "VFIO4JMS"
 *  8  u16      major version
 * 10  u16      minor version
 * 12  u32      CRC32C of bytes 0 to 11
 * </pre>
 */
public final class Preamble {

  public static final int BYTES = 16;
  static final int MAJOR = 1;
  public static final int MINOR = 4;

  /** A target of an earlier version refuses a source that only compares. */
  public static final int FIRST_MINOR_WITH_DRY_RUN = 3;

  /** In earlier versions only a source sends ALIVE, and a target accepts it only while it loads. */
  public static final int FIRST_MINOR_WITH_HEARTBEAT = 4;

  /** A target of an earlier version does not confirm what it has loaded, and does not report its transition times. */
  public static final int FIRST_MINOR_WITH_CONFIRMATION = 4;

  private static final byte[] MAGIC = "VFIO4JMS".getBytes(StandardCharsets.US_ASCII);
  private static final int CHECKED = 12;

  private Preamble() {
  }

  /** Returns whether bytes begin with the magic, and so are a stream of any version. */
  public static boolean isStream(byte[] beginning) {
    return Arrays.equals(beginning, 0, Math.min(MAGIC.length, beginning.length), MAGIC, 0, MAGIC.length);
  }

  public static void write(ByteBuffer into) {
    int start = into.position();
    into.order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).putShort((short) MAJOR).putShort((short) MINOR);
    into.putInt(checksum(into, start));
  }

  /**
   * Checks a received preamble, and returns its version. A later minor version is accepted: it is compatible.
   */
  static StreamVersion read(ByteBuffer from) throws StreamException {
    from.order(ByteOrder.LITTLE_ENDIAN);
    int start = from.position();
    byte[] magic = new byte[MAGIC.length];
    from.get(magic);
    if (!Arrays.equals(magic, MAGIC)) {
      throw new StreamException("not a vfio4j migration stream: it begins with the wrong magic");
    }
    StreamVersion version =
        new StreamVersion(Short.toUnsignedInt(from.getShort()), Short.toUnsignedInt(from.getShort()));
    if (from.getInt() != checksum(from, start)) {
      throw new StreamException("the stream is damaged: wrong checksum of its preamble");
    }
    if (version.major() != MAJOR) {
      throw new StreamException(
          "the stream has version %s, but this program knows %d.x only".formatted(version, MAJOR));
    }
    return version;
  }

  private static int checksum(ByteBuffer buffer, int start) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.duplicate().limit(start + CHECKED).position(start));
    return (int) crc.getValue();
  }
}
