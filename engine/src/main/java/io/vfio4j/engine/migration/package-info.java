@NullMarked
package io.vfio4j.engine.migration;

import org.jspecify.annotations.NullMarked;
