// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/** Where one side of a migration is; each phase carries what is true in it only. */
public sealed interface Phase {

  /** Returns a short name for people and programs, as in {@code pre-copy}. */
  String title();

  /** Both sides find out whether the migration can be done; no device has been touched. */
  record PreFlight() implements Phase {
    @Override
    public String title() {
      return "pre-flight";
    }
  }

  /**
   * The source streams state while its device runs.
   *
   * @param round which round, from 1
   */
  record PreCopy(int round) implements Phase {
    @Override
    public String title() {
      return "pre-copy";
    }
  }

  /**
   * The devices enter their grace states, and the workload runs on where all devices can do that.
   *
   * @param limit how long that may take
   */
  record Quiescing(Duration limit) implements Phase {
    @Override
    public String title() {
      return "quiescing";
    }
  }

  /**
   * The source stops its devices and streams the rest.
   *
   * @param limit how long the switchover may take
   */
  record StopCopy(Duration limit) implements Phase {
    @Override
    public String title() {
      return "stop-copy";
    }
  }

  /** All state is in the file, and the devices that it was taken of go on. */
  record Resuming() implements Phase {
    @Override
    public String title() {
      return "resuming";
    }
  }

  /** The file is completed, and put in its place. */
  record Finishing() implements Phase {
    @Override
    public String title() {
      return "finishing";
    }
  }

  /** The target writes the state into its device. */
  record Loading() implements Phase {
    @Override
    public String title() {
      return "loading";
    }
  }

  /** All state is at the target, and ownership passes. */
  record Handover() implements Phase {
    @Override
    public String title() {
      return "handover";
    }
  }

  /** The device runs at the target. */
  record Done() implements Phase {
    @Override
    public String title() {
      return "done";
    }
  }

  /**
   * Something failed, and this side puts its device in order.
   *
   * @param why what failed, for people
   */
  record Aborting(String why) implements Phase {
    @Override
    public String title() {
      return "aborting";
    }
  }
}
