// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.WriteMulti;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Batches of small writes: REGION_WRITE_MULTI, or REGION_WRITE if the server does not support it. */
final class ClientRegionWrites {

  private static final String ACTION = "write to regions";
  /** {@code VFIO_USER_MULTI_MAX} of QEMU: a server may rely on it. */
  private static final int MAX_WRITES = 200;

  private final ClientCalls calls;
  /**
   * Maximum number of writes in a message; 1 if the server does not support such messages, or not of that
   * size.
   */
  private final int maxWrites;
  /** Maximum number of bytes in a message. If it is less than a register has, a write is split. */
  private final int maxBytes;

  ClientRegionWrites(ClientContext context, boolean writeMultiple) {
    calls = context.calls();
    maxBytes = context.limits().maxDataXferSize();
    maxWrites = writeMultiple ? Math.clamp(maxBytes / WriteMulti.WRITE_SIZE, 1, MAX_WRITES) : 1;
  }

  void write(List<RegionWrite> writes) throws DeviceException {
    for (int done = 0; done < writes.size();) {
      List<RegionWrite> part = nextBatch(writes, done);
      int executed = part.size() == 1 ? writeOne(part.getFirst()) : writeAll(part);
      done += executed;
      if (executed < part.size()) {
        // The reply has the number of writes done, but not the error of the next one: repeated alone, it gets
        // an errno.
        done += writeOne(writes.get(done));
      }
    }
  }

  void post(List<RegionWrite> writes) throws DeviceException {
    for (int done = 0; done < writes.size();) {
      List<RegionWrite> part = nextBatch(writes, done);
      if (part.size() == 1) {
        for (RegionWrite piece : split(part.getFirst())) {
          calls.post(ACTION, Command.REGION_WRITE, head -> encode(head, piece), MemorySegment.NULL);
        }
      } else {
        calls.post(ACTION, Command.REGION_WRITE_MULTI, head -> encode(head, part), MemorySegment.NULL);
      }
      done += part.size();
    }
  }

  private List<RegionWrite> nextBatch(List<RegionWrite> writes, int done) {
    return writes.subList(done, Math.min(writes.size(), done + maxWrites));
  }

  private int writeAll(List<RegionWrite> writes) throws DeviceException {
    return calls.call(ACTION, Command.REGION_WRITE_MULTI, head -> encode(head, writes), MemorySegment.NULL,
        reader -> {
          int at = ClientCalls.readBody(reader, WriteMulti.WRITES);
          long executed = reader.buffer().segment().get(LittleEndian.U64, at);
          if (executed < 0 || executed > writes.size()) {
            throw new ProtocolException("%s of %d writes reported as done"
                .formatted(Long.toUnsignedString(executed), writes.size()));
          }
          return (int) executed;
        });
  }

  private int writeOne(RegionWrite write) throws DeviceException {
    for (RegionWrite piece : split(write)) {
      calls.call(ACTION, Command.REGION_WRITE, head -> encode(head, piece), MemorySegment.NULL,
          reader -> Boolean.TRUE);
    }
    return 1;
  }

  private List<RegionWrite> split(RegionWrite write) {
    if (write.count() <= maxBytes) {
      return List.of(write);
    }
    List<RegionWrite> pieces = new ArrayList<>();
    for (int done = 0; done < write.count(); done += maxBytes) {
      pieces.add(
          new RegionWrite(write.region(), write.offset() + done, Math.min(maxBytes, write.count() - done),
              write.value() >>> (done * Byte.SIZE)));
    }
    return pieces;
  }

  private static int encode(MemorySegment head, List<RegionWrite> writes) {
    head.set(LittleEndian.U64, Header.SIZE, writes.size());
    int at = Header.SIZE + WriteMulti.WRITES;
    for (RegionWrite write : writes) {
      encode(head, at, write);
      at += WriteMulti.WRITE_SIZE;
    }
    return at - Header.SIZE;
  }

  private static int encode(MemorySegment head, RegionWrite write) {
    encode(head, Header.SIZE, write);
    return RegionAccess.SIZE + write.count();
  }

  private static void encode(MemorySegment head, int at, RegionWrite write) {
    ClientRegionAccess.encode(head, at, write.region(), write.offset(), write.count());
    head.set(LittleEndian.U64, at + WriteMulti.DATA, write.value());
  }
}
