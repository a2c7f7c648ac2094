@NullMarked
package io.vfio4j.engine.ownership;

import org.jspecify.annotations.NullMarked;
