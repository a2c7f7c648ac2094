// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;

/**
 * The record {@link RecordKind#CONNECTION}: {@code struct { u64 token, connected_since; u32 pid, uid, flags,
 * extensions, max_msg_fds, max_data_xfer_size, max_dma_maps, next_id; u64 max_bitmap_size, pgsizes; }}, with the
 * VMM's socket and, if it has one, the server's end of its twin socket.
 *
 * @param token identifies the connection; not 0
 * @param connectedSince Unix time, milliseconds
 * @param pid the process that connected; 0 if unknown
 * @param uid its user; -1 if unknown
 * @param limits the limits in force
 * @param extensions the extensions granted
 * @param writeMultiple whether REGION_WRITE_MULTI was negotiated
 * @param hasTwin whether there is a twin socket
 * @param isIntxMasked whether INTx is masked
 * @param nextId the id of the server's next command, 0 to 65535
 */
public record ConnectionHead(long token, long connectedSince, int pid, int uid, Limits limits,
    Extensions extensions, boolean writeMultiple, boolean hasTwin, boolean isIntxMasked, int nextId) {

  static final int SIZE = 64;

  private static final int CONNECTED_SINCE = 8;
  private static final int PID = 16;
  private static final int UID = 20;
  private static final int FLAGS = 24;
  private static final int EXTENSIONS = 28;
  private static final int MAX_MSG_FDS = 32;
  private static final int MAX_DATA_XFER_SIZE = 36;
  private static final int MAX_DMA_MAPS = 40;
  private static final int NEXT_ID = 44;
  private static final int MAX_BITMAP_SIZE = 48;
  private static final int PGSIZES = 56;

  private static final int WRITE_MULTIPLE = 1;
  private static final int VFIO4J = 2;
  private static final int TWIN = 4;
  private static final int INTX_MASKED = 8;
  private static final int ALL_FLAGS = 15;

  /** Returns the number of descriptors that go with this record. */
  int fdCount() {
    return hasTwin ? 2 : 1;
  }

  void encode(MemorySegment into) {
    into.set(LittleEndian.U64, 0, token);
    into.set(LittleEndian.U64, CONNECTED_SINCE, connectedSince);
    into.set(LittleEndian.U32, PID, pid);
    into.set(LittleEndian.U32, UID, uid);
    into.set(LittleEndian.U32, FLAGS,
        (writeMultiple ? WRITE_MULTIPLE : 0) | (extensions.isVfio4j() ? VFIO4J : 0)
            | (hasTwin ? TWIN : 0) | (isIntxMasked ? INTX_MASKED : 0));
    int bits = 0;
    for (Extension extension : extensions.flags()) {
      bits |= bit(extension);
    }
    into.set(LittleEndian.U32, EXTENSIONS, bits);
    into.set(LittleEndian.U32, MAX_MSG_FDS, limits.maxMsgFds());
    into.set(LittleEndian.U32, MAX_DATA_XFER_SIZE, limits.maxDataXferSize());
    into.set(LittleEndian.U32, MAX_DMA_MAPS, limits.maxDmaMaps());
    into.set(LittleEndian.U32, NEXT_ID, nextId);
    into.set(LittleEndian.U64, MAX_BITMAP_SIZE, limits.maxBitmapSize());
    into.set(LittleEndian.U64, PGSIZES, limits.pageSizes());
  }

  /**
   * Decodes the body of the record.
   *
   * @throws ErrnoException EINVAL if it is not valid
   */
  public static ConnectionHead decode(ConnectionRecord record) throws ErrnoException {
    MemorySegment body = record.body();
    if (record.kind() != RecordKind.CONNECTION || body.byteSize() != SIZE) {
      throw invalid("it does not begin with a CONNECTION of " + SIZE + " bytes");
    }
    int flags = body.get(LittleEndian.U32, FLAGS);
    int nextId = body.get(LittleEndian.U32, NEXT_ID);
    long token = body.get(LittleEndian.U64, 0);
    if ((flags & ~ALL_FLAGS) != 0 || nextId < 0 || nextId > 0xffff || token == 0) {
      throw invalid("flags 0x%x, next id %d, token 0x%x".formatted(flags, nextId, token));
    }
    ConnectionHead head = new ConnectionHead(token, body.get(LittleEndian.U64, CONNECTED_SINCE),
        body.get(LittleEndian.U32, PID), body.get(LittleEndian.U32, UID), limits(body),
        new Extensions((flags & VFIO4J) != 0, extensions(body.get(LittleEndian.U32, EXTENSIONS))),
        (flags & WRITE_MULTIPLE) != 0, (flags & TWIN) != 0, (flags & INTX_MASKED) != 0, nextId);
    if (record.fds().size() != head.fdCount()) {
      throw invalid(record.fds().size() + " sockets");
    }
    return head;
  }

  private static Limits limits(MemorySegment body) throws ErrnoException {
    try {
      return new Limits(body.get(LittleEndian.U32, MAX_MSG_FDS),
          body.get(LittleEndian.U32, MAX_DATA_XFER_SIZE),
          body.get(LittleEndian.U32, MAX_DMA_MAPS), body.get(LittleEndian.U64, MAX_BITMAP_SIZE),
          body.get(LittleEndian.U64, PGSIZES));
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  private static EnumSet<Extension> extensions(int bits) throws ErrnoException {
    EnumSet<Extension> extensions = EnumSet.noneOf(Extension.class);
    int rest = bits;
    for (Extension extension : Extension.values()) {
      if ((bits & bit(extension)) != 0) {
        extensions.add(extension);
        rest &= ~bit(extension);
      }
    }
    if (rest != 0 || extensions.contains(Extension.CONTROL)) {
      throw invalid("extensions 0x" + Integer.toHexString(bits));
    }
    return extensions;
  }

  private static int bit(Extension extension) {
    return switch (extension) {
      case PRECOPY_INFO -> 1;
      case KEEP_STATE -> 1 << 1;
      case KEEP_STOPPED -> 1 << 2;
      case MEMORY_KINDS -> 1 << 3;
      case REASONS -> 1 << 4;
      case CONTROL -> 1 << 5;
    };
  }

  private static ErrnoException invalid(String reason) {
    return new ErrnoException(Errno.EINVAL, "the connection cannot be continued: " + reason);
  }
}
